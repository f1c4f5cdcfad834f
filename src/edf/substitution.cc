#include "edf/substitution.h"

#include <algorithm>

#include "base/text.h"

namespace pyxis::edf {
namespace {

constexpr unsigned max_depth = 16;

bool begins_name(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool in_name(char c) {
  return begins_name(c) || (c >= '0' && c <= '9');
}

std::string_view leading_name(std::string_view text) {
  if (text.empty() || !begins_name(text.front())) return {};
  return text.substr(0, static_cast<size_t>(std::ranges::find_if_not(text, in_name) - text.begin()));
}

class Expansion {
 public:
  Expansion(std::string_view text, const Lookup& variables) : rest_(text), variables_(variables) {}

  Result<std::string> run() { return take(0, false); }

 private:
  // To the end, or to the brace that ends a default.
  Result<std::string> take(unsigned depth, bool in_braces) {
    std::string out;
    while (!rest_.empty()) {
      if (out.size() > max_text) return too_long();
      if (in_braces && rest_.front() == '}') return out;
      if (rest_.front() != '$') {
        out += rest_.front();
        rest_.remove_prefix(1);
        continue;
      }
      out += TRY(take_dollar(depth));
    }
    if (out.size() > max_text) return too_long();
    if (in_braces) return fail("a '${' has no '}'");
    return out;
  }

  static Error too_long() { return fail("it is longer than " + std::to_string(max_text) + " bytes"); }

  Result<std::string> take_dollar(unsigned depth) {
    rest_.remove_prefix(1);
    if (rest_.starts_with('$')) return rest_.remove_prefix(1), std::string("$");
    if (rest_.starts_with('{')) return take_braces(depth);
    if (auto name = std::string(leading_name(rest_)); !name.empty())
      return fail("$" + name + " is not expanded", "write ${" + name + "}, or $$" + name + " for the text");
    return std::string("$");
  }

  Result<std::string> take_braces(unsigned depth) {
    if (depth >= max_depth)
      return fail("defaults are nested more than " + std::to_string(max_depth) + " deep");
    rest_.remove_prefix(1);
    auto name = std::string(leading_name(rest_));
    auto all = rest_;
    rest_.remove_prefix(name.size());
    auto value = variables_(name);
    if (!name.empty() && rest_.starts_with('}')) {
      rest_.remove_prefix(1);
      if (value) return *value;
      return fail("variable " + name + " is not set",
                  "set it, or write ${" + name + ":-DEFAULT}, where DEFAULT may be empty");
    }
    if (name.empty() || !rest_.starts_with(":-"))
      return fail("'${" + printable(all.substr(0, all.find('}'))) + "' is not understood",
                  "write ${NAME} or ${NAME:-DEFAULT}, and $$ for a dollar sign");
    rest_.remove_prefix(2);
    auto otherwise = take_default(depth, value && !value->empty());
    if (!otherwise.ok()) return otherwise;
    rest_.remove_prefix(1);
    return value && !value->empty() ? *value : *otherwise;
  }

  // What nobody wants to know of a default that is not used are the variables in it.
  Result<std::string> take_default(unsigned depth, bool unused) {
    if (!unused) return take(depth + 1, true);
    const Lookup any = [](std::string_view) { return std::optional<std::string>(""); };
    Expansion skipped(rest_, any);
    auto text = skipped.take(depth + 1, true);
    rest_ = skipped.rest_;
    return text;
  }

  std::string_view rest_;
  const Lookup& variables_;
};

}  // namespace

Result<std::string> expand(std::string_view text, const Lookup& variables) {
  return Expansion(text, variables).run();
}

}  // namespace pyxis::edf
