#include "image/root_config.h"

#include <optional>

#include "base/text.h"

namespace pyxis {
namespace {

// The first word of a shell's command line (POSIX shell, 2.2 "Quoting"); nothing where it has an expansion or
// a quote without end.
std::optional<std::string> first_word(std::string_view text) {
  std::string word;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quote != '\'' && (c == '$' || c == '`')) return std::nullopt;
    if (quote == 0 && (c == ' ' || c == '\t' || c == ';' || c == '&' || c == '|')) return word;
    if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote && quote != 0) {
      quote = 0;
    } else if (c == '\\' && quote != '\'') {
      if (++i == text.size()) return std::nullopt;
      if (quote == '"' && std::string_view("$`\"\\").find(text[i]) == std::string_view::npos) word += '\\';
      word += text[i];
    } else {
      word += c;
    }
  }
  if (quote != 0) return std::nullopt;
  return word;
}

}  // namespace

std::string parse_image_workdir(std::string_view rc) {
  for (const auto& raw : split(rc, '\n')) {
    auto line = trim(raw);
    if (!line.starts_with("cd ") && !line.starts_with("cd\t")) continue;
    auto word = first_word(trim(line.substr(3)));
    return word && word->starts_with('/') && word->find('\0') == word->npos ? *word : "";
  }
  return "";
}

}  // namespace pyxis
