#include "registry/challenge.h"

#include "base/text.h"

namespace pyxis {
namespace {

constexpr size_t max_header = 16u << 10, max_challenges = 16, max_parameters = 32;

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool at_end() const { return position_ >= text_.size(); }
  bool accept(char c) {
    if (at_end() || text_[position_] != c) return false;
    ++position_;
    return true;
  }
  void skip(std::string_view characters) {
    position_ = std::min(text_.find_first_not_of(characters, position_), text_.size());
  }
  std::string token() {
    auto begin = position_;
    position_ = std::min(text_.find_first_of(" \t,=\"", position_), text_.size());
    return std::string(text_.substr(begin, position_ - begin));
  }
  std::string value() {
    if (!accept('"')) {
      auto begin = position_;
      position_ = std::min(text_.find_first_of(" \t,", position_), text_.size());
      return std::string(text_.substr(begin, position_ - begin));
    }
    std::string out;
    while (!at_end() && text_[position_] != '"') {
      if (text_[position_] == '\\' && position_ + 1 < text_.size()) ++position_;
      out += text_[position_++];
    }
    accept('"');
    return out;
  }
  void step() { ++position_; }

 private:
  std::string_view text_;
  size_t position_ = 0;
};

}  // namespace

std::string Challenge::parameter(const std::string& name) const {
  auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : found->second;
}

std::vector<Challenge> parse_challenges(std::string_view header) {
  std::vector<Challenge> challenges;
  Scanner scanner(header.substr(0, max_header));
  for (;;) {
    scanner.skip(" \t,");
    if (scanner.at_end()) return challenges;
    auto word = scanner.token();
    if (word.empty()) {
      scanner.step();
      continue;
    }
    scanner.skip(" \t");
    if (scanner.accept('=')) {
      scanner.skip(" \t");
      auto value = scanner.value();
      if (!challenges.empty() && challenges.back().parameters.size() < max_parameters)
        challenges.back().parameters.emplace(to_lower(word), std::move(value));
    } else if (challenges.size() < max_challenges) {
      challenges.push_back(Challenge{to_lower(word), {}});
    } else {
      return challenges;
    }
  }
}

}  // namespace pyxis
