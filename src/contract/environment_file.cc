#include "contract/environment_file.h"

#include <algorithm>

#include "base/text.h"
#include "contract/step_variables.h"

namespace pyxis {
namespace {

constexpr char between = ';';

// A field is KEY=TEXT, where a backslash stands before what would end it, and for the end of a line.
void add_field(std::string& line, std::string_view key, std::string_view text) {
  if (!line.empty()) line += between;
  line += key;
  line += '=';
  for (char c : text) {
    if (c == '\n') {
      line += "\\n";
      continue;
    }
    if (c == between || c == '\\') line += '\\';
    line += c;
  }
}

// The next field, taken away from `rest`; nothing where a backslash stands before what it does not.
std::optional<std::string> take_field(std::string_view& rest) {
  std::string field;
  size_t at = 0;
  for (; at < rest.size() && rest[at] != between; ++at) {
    if (rest[at] != '\\') {
      field += rest[at];
      continue;
    }
    if (++at == rest.size()) return std::nullopt;
    if (rest[at] != 'n' && rest[at] != between && rest[at] != '\\') return std::nullopt;
    field += rest[at] == 'n' ? '\n' : rest[at];
  }
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return field;
}

Result<void> take(EnvironmentFile& file, std::string_view key, const std::string& text) {
  for (auto [name, target] : {std::pair{"argument", &file.argument},
                              {"path", &file.path},
                              {"image", &file.image},
                              {"mounts", &file.mounts},
                              {"workdir", &file.workdir},
                              {"devices", &file.devices}})
    if (key == name) return *target = text, ok();
  for (auto [name, target] : {std::pair{"entrypoint", &file.entrypoint}, {"writable", &file.writable}}) {
    if (key != name) continue;
    *target = parse_bool(text);
    return *target ? ok() : Result<void>(fail("'" + printable(text) + "' is neither yes nor no"));
  }
  if (key != "env")
    return fail("'" + printable(key) + "' is not known here",
                "install plugin and engine of one release of Pyxis");
  auto equals = text.find('=');
  if (equals == text.npos) return fail("a variable has no '='");
  EnvironmentFile::Variable variable{text.substr(0, equals), text.substr(equals + 1)};
  TRY(check_variable_name(variable.name));
  file.variables.push_back(std::move(variable));
  return ok();
}

// Set by Slurm, or by its plugin for PMIx; how PMIx's own parts are chosen is for the user to say.
bool stays(const std::string& name, const Environment& job) {
  return job.has(name) && set_per_task(name) && !name.starts_with("PMIX_MCA_");
}

}  // namespace

std::string EnvironmentFile::encode() const {
  std::string line;
  for (auto [name, text] : {std::pair{"argument", &argument},
                            {"path", &path},
                            {"image", &image},
                            {"mounts", &mounts},
                            {"workdir", &workdir},
                            {"devices", &devices}})
    if (!text->empty()) add_field(line, name, *text);
  for (auto [name, choice] : {std::pair{"entrypoint", entrypoint}, {"writable", writable}})
    if (choice) add_field(line, name, *choice ? "yes" : "no");
  for (const auto& [name, value] : variables) add_field(line, "env", name + "=" + value);
  return line;
}

Result<EnvironmentFile> EnvironmentFile::decode(std::string_view text) {
  EnvironmentFile file;
  if (text.size() > max_bytes) return fail("longer than " + std::to_string(max_bytes) + " bytes");
  if (text.find('\0') != text.npos) return fail("it holds a NUL character");
  while (!text.empty()) {
    auto field = take_field(text);
    if (!field) return fail("a backslash stands where none should be");
    auto equals = field->find('=');
    if (equals == field->npos) return fail("a field has no '='");
    TRY(take(file, std::string_view(*field).substr(0, equals), field->substr(equals + 1)));
  }
  return file;
}

Result<void> check_variable_name(std::string_view name) {
  auto wrong = [&](const char* why) { return fail("'" + printable(name) + "' " + why); };
  if (name.empty()) return fail("a variable has no name");
  if (name.find('=') != name.npos) return wrong("has a '=' in it: no variable can have that name");
  auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(name, control)) return wrong("has a control character in it");
  return ok();
}

std::vector<EnvironmentFile::Variable> effective_variables(
    const std::vector<EnvironmentFile::Variable>& variables, const std::vector<std::string>& job_wins,
    const Environment& job) {
  std::vector<EnvironmentFile::Variable> effective;
  for (const auto& variable : variables) {
    bool kept = job.has(variable.name) && std::ranges::find(job_wins, variable.name) != job_wins.end();
    if (!kept && !stays(variable.name, job)) effective.push_back(variable);
  }
  return effective;
}

}  // namespace pyxis
