#include "edf/definition.h"

#include <algorithm>

#include "base/text.h"

namespace pyxis::edf {
namespace {

// A basic string of TOML.
std::string quoted(std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out += {'\\', c};
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (byte < 0x20 || byte == 0x7f)
      out += std::string("\\u00") + digits[byte >> 4] + digits[byte & 15];
    else
      out += c;
  }
  return out + "\"";
}

std::string value(std::string_view text) {
  std::string doubled;
  for (char c : text) doubled += c == '$' ? "$$" : std::string(1, c);
  return quoted(doubled);
}

std::string key(const std::string& name) {
  auto bare = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !name.empty() && std::ranges::all_of(name, bare) ? name : quoted(name);
}

std::string list(const char* name, const std::vector<std::string>& items) {
  if (items.empty()) return "";
  auto out = std::string(name) + " = [\n";
  for (const auto& item : items) out += "    " + value(item) + ",\n";
  return out + "]\n";
}

std::string table(const char* name, const std::map<std::string, std::string>& entries) {
  if (entries.empty()) return "";
  auto out = "\n[" + std::string(name) + "]\n";
  for (const auto& [entry, text] : entries) out += key(entry) + " = " + value(text) + "\n";
  return out;
}

}  // namespace

Definition merged(Definition base, const Definition& over) {
  if (!over.image.empty()) base.image = over.image;
  if (!over.workdir.empty()) base.workdir = over.workdir;
  if (over.entrypoint) base.entrypoint = over.entrypoint;
  if (over.writable) base.writable = over.writable;
  base.mounts.insert(base.mounts.end(), over.mounts.begin(), over.mounts.end());
  base.devices.insert(base.devices.end(), over.devices.begin(), over.devices.end());
  for (const auto& [name, text] : over.env) base.env.insert_or_assign(name, text);
  for (const auto& [name, text] : over.annotations) base.annotations.insert_or_assign(name, text);
  return base;
}

std::string render(const Definition& definition) {
  std::string out;
  if (!definition.image.empty()) out += "image = " + value(definition.image) + "\n";
  out += list("mounts", definition.mounts);
  if (!definition.workdir.empty()) out += "workdir = " + value(definition.workdir) + "\n";
  for (auto [name, choice] :
       {std::pair{"entrypoint", definition.entrypoint}, {"writable", definition.writable}})
    if (choice) out += std::string(name) + " = " + (*choice ? "true" : "false") + "\n";
  out += list("devices", definition.devices);
  return out + table("env", definition.env) + table("annotations", definition.annotations);
}

Result<EnvironmentFile> for_srun(const Definition& definition, const std::string& argument,
                                 const std::string& path) {
  EnvironmentFile file;
  file.argument = argument;
  file.path = path;
  file.image = definition.image;
  file.mounts = join(definition.mounts, ",");
  file.workdir = definition.workdir;
  file.devices = join(definition.devices, ",");
  file.entrypoint = definition.entrypoint;
  file.writable = definition.writable;
  for (const auto& [name, text] : definition.env) file.variables.push_back({name, text});
  if (file.encode().size() > EnvironmentFile::max_bytes)
    return fail(path + ": with its bases it is longer than " + std::to_string(EnvironmentFile::max_bytes) +
                    " bytes, which is what Slurm is given to carry",
                "put long values into a file that the job reads");
  return file;
}

}  // namespace pyxis::edf
