#include "registry/netrc.h"

#include "base/text.h"

namespace pyxis {
namespace {

bool blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  int line() const { return line_; }

  // The next keyword, "" at the end of the text.
  std::string keyword() {
    for (;;) {
      skip_blanks();
      if (at_end() || text_[position_] != '#') return plain();
      skip_line();
    }
  }

  Result<std::string> value(std::string_view what) {
    skip_blanks();
    if (at_end()) return problem(std::string(what) + " is missing");
    return text_[position_] == '"' ? quoted() : Result<std::string>(plain());
  }

  // A password: `expression` tells whether it begins with an unquoted '$'.
  Result<std::string> secret(bool& expression) {
    skip_blanks();
    expression = !at_end() && text_[position_] == '$';
    return expression ? balanced() : value("the password");
  }

  // A macro definition reaches to the next empty line.
  void skip_macro() {
    skip_line();
    while (!at_end() && text_[position_] != '\n') skip_line();
  }

  Error problem(const std::string& what) const { return fail("line " + std::to_string(line_) + ": " + what); }

 private:
  bool at_end() const { return position_ >= text_.size(); }
  char take() {
    char c = text_[position_++];
    if (c == '\n') ++line_;
    return c;
  }
  void skip_blanks() {
    while (!at_end() && blank(text_[position_])) take();
  }
  void skip_line() {
    while (!at_end() && take() != '\n') {
    }
  }
  std::string plain() {
    std::string out;
    while (!at_end() && !blank(text_[position_])) out += take();
    return out;
  }
  Result<std::string> quoted() {
    std::string out;
    take();
    while (!at_end()) {
      char c = take();
      if (c == '"') return out;
      if (c == '\\' && !at_end()) c = take();
      out += c;
    }
    return problem("a quote is not closed");
  }
  // Up to a blank outside of parentheses and quotes, as a shell would group it.
  Result<std::string> balanced() {
    std::string out;
    int depth = 0;
    char quote = 0;
    while (!at_end() && (depth > 0 || quote || !blank(text_[position_]))) {
      char c = take();
      out += c;
      if (c == '\\' && quote != '\'' && !at_end())
        out += take();
      else if (quote)
        quote = c == quote ? '\0' : quote;
      else if (c == '"' || c == '\'')
        quote = c;
      else if (c == '(' || c == '{')
        ++depth;
      else if ((c == ')' || c == '}') && depth > 0)
        --depth;
    }
    if (depth > 0 || quote) return problem("the shell expression after 'password' is not closed");
    return out;
  }

  std::string_view text_;
  size_t position_ = 0;
  int line_ = 1;
};

}  // namespace

Result<std::vector<NetrcEntry>> parse_netrc(std::string_view text) {
  std::vector<NetrcEntry> entries;
  if (text.find('\0') != text.npos) return fail("it holds a NUL character");
  Scanner scanner(text);
  for (;;) {
    auto keyword = scanner.keyword();
    if (keyword.empty()) return entries;
    if (keyword == "machine") {
      NetrcEntry entry;
      entry.line = scanner.line();
      entry.machine = to_lower(TRY(scanner.value("the host")));
      entries.push_back(std::move(entry));
    } else if (keyword == "default") {
      entries.push_back(NetrcEntry{"", "", "", false, scanner.line()});
    } else if (keyword == "macdef") {
      scanner.skip_macro();
    } else if (keyword != "login" && keyword != "password" && keyword != "account") {
      // Not shown: it may be the end of a password with a blank in it.
      return scanner.problem("expected machine, default, login, password, account or macdef");
    } else if (entries.empty()) {
      return scanner.problem("'" + keyword + "' stands before any 'machine'");
    } else if (keyword == "login") {
      entries.back().login = TRY(scanner.value("the user"));
    } else if (keyword == "password") {
      entries.back().password = TRY(scanner.secret(entries.back().expression));
    } else {
      TRY(scanner.value("the account"));
    }
  }
}

}  // namespace pyxis
