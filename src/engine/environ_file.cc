#include "engine/environ_file.h"

#include "base/text.h"

namespace pyxis {
namespace {

Result<void> check_name(std::string_view line, std::string_view name) {
  if (name.size() == line.size()) return fail("'" + printable(line) + "' is not of the form NAME=VALUE");
  if (name.empty() || name.find_first_of(" \t\"'$") != name.npos)
    return fail("'" + printable(name) + "' is not the name of a variable");
  if (name.starts_with("ENROOT_"))
    return fail(printable(name) + " is a setting of the engine, not a variable of containers",
                "settings belong into enroot.conf");
  return ok();
}

std::string_view without_quotes(std::string_view value) {
  bool quoted = value.size() >= 2 && (value[0] == '"' || value[0] == '\'') && value.back() == value[0];
  return quoted ? value.substr(1, value.size() - 2) : value;
}

std::string expand(std::string_view value, const Environment& host) {
  std::string out;
  while (!value.empty()) {
    auto variable = leading_variable(value);
    if (variable)
      out += host.get(*variable).value_or("");
    else
      out += value.front();
    value.remove_prefix(variable ? variable->size() + std::string_view("${}").size() : 1);
  }
  return out;
}

}  // namespace

Result<std::vector<std::string>> parse_environ_file(std::string_view text, const Environment& host,
                                                    std::string_view origin) {
  std::vector<std::string> variables;
  int number = 0;
  for (const auto& raw : split(text, '\n')) {
    auto where = std::string(origin) + ":" + std::to_string(++number);
    auto line = trim(raw);
    if (line.empty() || line.front() == '#') continue;
    auto name = line.substr(0, line.find('='));
    TRY_CONTEXT(check_name(line, name), where);
    auto value = without_quotes(line.substr(name.size() + 1));
    variables.push_back(std::string(name) + "=" + expand(value, host));
  }
  return variables;
}

}  // namespace pyxis
