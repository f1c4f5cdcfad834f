#include "doctor/plugstack.h"

#include <glob.h>

#include "base/fs.h"
#include "base/spelling.h"
#include "base/text.h"

namespace pyxis::doctor {
namespace {

constexpr auto plugin_file = "spank_pyxis.so";
constexpr int deepest = 8;  // files that include files
constexpr size_t longest_file = 1 << 20;

std::string directory_of(const std::string& path) {
  auto slash = path.rfind('/');
  return slash == path.npos ? "." : path.substr(0, slash);
}

std::string beside(const std::string& file, const std::string& name) {
  return name.starts_with('/') ? name : directory_of(file) + "/" + name;
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  line = line.substr(0, line.find('#'));
  for (size_t begin; (begin = line.find_first_not_of(" \t\r")) != line.npos;) {
    auto end = std::min(line.find_first_of(" \t\r", begin), line.size());
    words.emplace_back(line.substr(begin, end - begin));
    line.remove_prefix(end);
  }
  return words;
}

std::vector<std::string> files_of(const Context& context, const std::string& pattern) {
  std::vector<std::string> files;
  glob_t found{};
  if (::glob(context.path(pattern).c_str(), 0, nullptr, &found) == 0)
    for (size_t i = 0; i < found.gl_pathc; ++i)
      files.push_back(std::string(found.gl_pathv[i]).substr(context.root.size()));
  ::globfree(&found);
  return files;
}

// The value of KEY=VALUE, whose last one counts. Keys are in any case.
void look_for(const Context& context, const std::string& file, std::string_view key, std::string& value,
              int depth) {
  auto text = read_file(context.path(file), longest_file);
  if (!text.ok() || depth > deepest) return;
  for (const auto& line : split(*text, '\n')) {
    auto words = words_of(line);
    if (words.size() > 1 && to_lower(words[0]) == "include")
      look_for(context, beside(file, words[1]), key, value, depth + 1);
    auto content = std::string_view(line).substr(0, line.find('#'));
    auto equals = content.find('=');
    if (equals == content.npos || to_lower(trim(content.substr(0, equals))) != key) continue;
    value = trim(content.substr(equals + 1));
  }
}

// By its name, or by one that is nearly that where there is no such file.
bool means_our_plugin(const Context& context, const std::string& path) {
  auto name = path.substr(path.rfind('/') + 1);
  return name == plugin_file || (!nearest_name(name, {plugin_file}).empty() && !exists(context, path));
}

void read_lines(const Context& context, const std::string& file, Plugstack& plugstack, int depth) {
  auto text = read_file(context.path(file), longest_file);
  if (!text.ok()) {
    plugstack.unreadable.push_back(text.error().message);
    return;
  }
  size_t number = 0;
  for (const auto& line : split(*text, '\n')) {
    ++number;
    auto words = words_of(line);
    if (words.size() < 2) continue;
    if (words[0] == "include" && depth < deepest)
      for (const auto& included : files_of(context, beside(file, words[1])))
        read_lines(context, included, plugstack, depth + 1);
    bool required = words[0] == "required";
    if (!required && words[0] != "optional") continue;
    if (!means_our_plugin(context, words[1])) continue;
    plugstack.lines.push_back({file, number, required, words[1], {words.begin() + 2, words.end()}});
  }
}

}  // namespace

std::string find_slurm_conf(const Context& context) {
  if (auto named = context.environment.get_or("SLURM_CONF", ""); !named.empty()) return named;
  // The third is slurmd's copy where the controller hands configuration out.
  for (const char* usual :
       {"/etc/slurm/slurm.conf", "/etc/slurm-llnl/slurm.conf", "/run/slurm/conf/slurm.conf",
        "/var/spool/slurmd/conf-cache/slurm.conf", "/usr/local/etc/slurm.conf", "/opt/slurm/etc/slurm.conf"})
    if (exists(context, usual)) return usual;
  return "";
}

std::string slurm_setting(const Context& context, const std::string& slurm_conf, std::string_view key) {
  std::string value;
  look_for(context, slurm_conf, key, value, 0);
  return value;
}

std::string plugin_in_plugin_dir(const Context& context, const std::string& slurm_conf,
                                 const std::string& name) {
  auto directories = slurm_conf.empty() ? "" : slurm_setting(context, slurm_conf, "plugindir");
  if (directories.empty())
    directories =
        "/usr/lib/x86_64-linux-gnu/slurm-wlm:/usr/lib/aarch64-linux-gnu/slurm-wlm:/usr/lib64/slurm:/usr/lib/"
        "slurm:"
        "/usr/local/lib/slurm";
  for (const auto& directory : split(directories, ':'))
    if (exists(context, directory + "/" + name)) return directory + "/" + name;
  return "";
}

std::string plugstack_path(const Context& context, const std::string& slurm_conf) {
  auto named = slurm_setting(context, slurm_conf, "plugstackconfig");
  return named.empty() ? directory_of(slurm_conf) + "/plugstack.conf" : named;
}

Plugstack read_plugstack(const Context& context, const std::string& path) {
  Plugstack plugstack;
  read_lines(context, path, plugstack, 0);
  return plugstack;
}

std::optional<spank::Config> plugin_config(const Context& context) {
  auto slurm_conf = find_slurm_conf(context);
  if (slurm_conf.empty()) return std::nullopt;
  auto plugstack = read_plugstack(context, plugstack_path(context, slurm_conf));
  if (plugstack.lines.empty()) return std::nullopt;
  auto config = spank::parse_config(plugstack.lines.front().words);
  return config.ok() ? std::optional(*config) : std::nullopt;
}

}  // namespace pyxis::doctor
