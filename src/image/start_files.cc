#include "image/start_files.h"

#include "base/text.h"

namespace pyxis {
namespace {

constexpr std::string_view provenance_mark = "# enroot-provenance: ";

// One word for the shell, whatever is in it.
std::string quoted(std::string_view word) {
  std::string out = "'";
  for (char c : word) {
    if (c == '\'')
      out += R"('\'')";
    else
      out += c;
  }
  return out + "'";
}

std::string quoted(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + quoted(word);
  return out;
}

std::string labels_as_comments(const ImageConfig& config) {
  std::string out;
  for (const auto& [name, value] : config.labels) out += "# " + printable(name + "=" + value) + "\n";
  return out;
}

std::string enter_directory(const ImageConfig& config) {
  auto directory = config.working_dir.starts_with('/') ? config.working_dir : "/" + config.working_dir;
  auto word = quoted(directory);
  return "mkdir -p " + word + " 2>/dev/null\ncd " + word + " || exit 1\n";
}

std::string execute(const ImageConfig& config) {
  auto with_default = config.entrypoint;
  with_default.insert(with_default.end(), config.cmd.begin(), config.cmd.end());
  if (with_default.empty()) with_default = {"/bin/sh"};
  auto entrypoint = config.entrypoint.empty() ? "" : quoted(config.entrypoint) + " ";
  return "if [ $# -gt 0 ]; then\n    exec " + entrypoint + "\"$@\"\nelse\n    exec " + quoted(with_default) +
         "\nfi\n";
}

std::string rc_body(const ImageConfig& config) {
  return labels_as_comments(config) + "\n" + enter_directory(config) +
         "\nif [ -s /etc/rc.local ]; then\n    . /etc/rc.local\nfi\n\n" + execute(config);
}

bool loses_by_reading(std::string_view value) {
  if (value.empty()) return false;
  bool in_quotes = value.size() >= 2 && (value[0] == '"' || value[0] == '\'') && value.back() == value[0];
  return in_quotes || trim(value).size() != value.size();
}

// A field of fstab(5), and free of what expands: blanks, "#", "$" and the backslash become \ooo.
std::string fstab_field(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (std::string_view(" \t\n\\#$\"").find(c) == std::string_view::npos) {
      out += c;
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    out += '\\';
    for (int shift : {6, 3, 0}) out += static_cast<char>('0' + ((byte >> shift) & 7));
  }
  return out;
}

}  // namespace

std::string make_rc(const ImageConfig& config, std::string_view provenance) {
  return std::string(provenance_mark) + printable(provenance) + "\n" + rc_body(config);
}

bool made_from(const ImageConfig& config, std::string_view rc) {
  auto end = rc.find('\n');
  return rc.starts_with(provenance_mark) && end != rc.npos && rc.substr(end + 1) == rc_body(config);
}

std::string make_environment(const ImageConfig& config) {
  std::string out;
  for (const auto& entry : config.env) {
    if (entry.find('=') == entry.npos || entry.find('\n') != entry.npos) continue;
    if (entry.starts_with("ENROOT_") || entry.starts_with('#')) continue;
    auto equals = entry.find('=');
    auto name = entry.substr(0, equals), value = entry.substr(equals + 1);
    out += name + "=" + (loses_by_reading(value) ? "\"" + value + "\"" : value) + "\n";
  }
  return out;
}

std::string make_fstab(const ImageConfig& config) {
  std::string out;
  for (const auto& volume : config.volumes) {
    if (volume.find_first_not_of("/.") == volume.npos) continue;  // the root itself
    auto path = volume.starts_with('/') ? volume : "/" + volume;
    out += "tmpfs " + fstab_field(path) + " tmpfs x-create=dir,rw,nosuid,nodev\n";
  }
  return out;
}

}  // namespace pyxis
