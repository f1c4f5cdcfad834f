#include "engine/config_script.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/fs.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/settings.h"

namespace pyxis {
namespace {

constexpr std::string_view setting_mark = "#ENROOT_";
// As enroot runs such scripts: the first command that fails ends them.
constexpr auto prelude = "set -euo pipefail; shopt -s lastpipe; . \"$1\" >&2; ";

Result<std::string> find_bash(const Environment& environment) {
  for (const auto& directory : split(environment.get_or("PATH", standard_path), ':')) {
    auto path = directory + "/bash";
    if (directory.starts_with('/') && ::access(path.c_str(), X_OK) == 0) return path;
  }
  return fail("config scripts need bash, and there is none in PATH");
}

}  // namespace

Result<ConfigScript> ConfigScript::read(const std::string& path, const Environment& environment) {
  ConfigScript script;
  std::error_code code;
  script.path_ = std::filesystem::absolute(path, code);
  if (code) return sys_error("config script " + path, code.value());
  TRY_CONTEXT(script.read_settings(environment), "config script");
  script.bash_ = TRY(find_bash(environment));
  TRY(script.read_functions(environment));
  return script;
}

Result<void> ConfigScript::read_settings(const Environment& environment) {
  constexpr size_t largest = 1 << 20;
  auto text = TRY(read_file(path_, largest));
  auto known = environment;
  int number = 0;
  for (const auto& line : split(text, '\n')) {
    ++number;
    if (!line.starts_with(setting_mark) || line.find('=') == line.npos) continue;
    auto setting = TRY_CONTEXT(parse_setting(std::string_view(line).substr(1), known),
                               path_ + ":" + std::to_string(number));
    known.set(setting.name, setting.value);
    settings_.set(setting.name, setting.value);
  }
  return ok();
}

// Its names, a line each, and after an empty line the text of rc().
Result<void> ConfigScript::read_functions(const Environment& environment) {
  auto query = call("");
  query.arguments[2] = std::string(prelude) +
                       "for name in environ mounts hooks rc; do"
                       " if declare -F \"$name\" >/dev/null; then echo \"$name\"; fi; done; echo;"
                       " if declare -F rc >/dev/null; then declare -f rc; fi";
  auto printed = program_output(query, environment.lines());
  if (!printed.ok()) return std::move(printed).error();
  const auto& output = *printed;
  auto end = output.find("\n\n");
  functions_ = split(output.substr(0, output.starts_with('\n') ? 0 : end), '\n');
  if (defines("rc")) rc_ = output.substr(end + 2) + "\nrc \"$@\"\n";
  return ok();
}

bool ConfigScript::defines(std::string_view function) const {
  return std::ranges::find(functions_, function) != functions_.end();
}

ProgramCall ConfigScript::call(const std::string& function) const {
  auto tag = path_.substr(path_.rfind('/') + 1);
  auto name = "config script " + path_ + (function.empty() ? "" : ": " + function + "()");
  return {name, tag, bash_, {"bash", "-c", std::string(prelude) + function, "bash", path_}};
}

Result<std::string> ConfigScript::output_of(const std::string& function,
                                            const Environment& environment) const {
  if (!defines(function)) return std::string();
  return program_output(call(function), environment.lines());
}

Result<std::string> ConfigScript::environ(const Environment& environment) const {
  return output_of("environ", environment);
}

Result<std::string> ConfigScript::mounts(const Environment& environment) const {
  return output_of("mounts", environment);
}

Result<void> ConfigScript::hooks(const Environment& environment) const {
  return defines("hooks") ? run_program(call("hooks"), environment.lines()) : ok();
}

}  // namespace pyxis
