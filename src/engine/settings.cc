#include "engine/settings.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <thread>

#include "base/fs.h"
#include "base/pipe.h"
#include "base/process.h"
#include "base/spelling.h"
#include "base/text.h"
#include "engine/configuration_files.h"
#include "engine/setting_rows.h"

namespace pyxis {
namespace {

bool setting_name(std::string_view name) {
  for (std::string_view prefix : {"ENROOT_", "MELLANOX_", "NVIDIA_", "SSL_CERT_"})
    if (name.starts_with(prefix)) return true;
  for (std::string_view proxy : {"http_proxy", "https_proxy", "no_proxy", "all_proxy"})
    if (to_lower(name) == proxy) return true;
  return false;
}

// A value with "$(command)": the shell expands it, as the user. The file is the admin's, or the user's own.
Result<std::string> expand_by_shell(const std::string& value, const Environment& environment) {
  auto [reader, writer] = TRY(make_pipe());
  auto lines = environment.lines();
  if (!environment.has("PATH")) lines.push_back(std::string("PATH=") + standard_path);
  // A command may fail and mean nothing by it; one that is not there leaves a path cut short.
  auto script =
      "value=\"" + value + "\"; status=$?; [ $status -lt 126 ] || exit $status; printf %s \"$value\"";
  auto child = TRY(spawn({"/bin/sh", {"sh", "-c", script}, lines, {{writer.get(), 1}}}));
  writer.reset();
  auto output = TRY(read_fd(reader.get(), 64 << 10));
  int status = TRY(child.wait());
  if (status != 0)
    return fail("expanding '" + printable(value) + "': the shell " + describe_wait_status(status));
  return output;
}

// ${NAME} and $NAME from the environment; unset ones become empty.
std::string expand_variables(const std::string& value, const Environment& environment) {
  auto name_char = [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
  };
  std::string out;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '$' || i + 1 == value.size()) {
      out += value[i];
      continue;
    }
    bool braces = value[i + 1] == '{';
    size_t begin = i + 1 + braces, end = begin;
    while (end < value.size() && name_char(value[end])) ++end;
    if (end == begin || (braces && (end == value.size() || value[end] != '}'))) {
      out += value[i];
      continue;
    }
    out += environment.get_or(value.substr(begin, end - begin), "");
    i = end - 1 + braces;
  }
  return out;
}

// Its name, and the value as written.
Result<Setting> split_setting(std::string_view line) {
  auto end = line.find_first_of(" \t=");
  Setting setting{std::string(line.substr(0, end)), {}};
  if (!setting_name(setting.name))
    return fail("'" + printable(setting.name) + "' is not a setting", "see enroot.conf in the admin guide");
  setting.value = end == line.npos ? "" : trim(line.substr(end + 1));
  auto& value = setting.value;
  if (value.starts_with('=')) value = std::string(trim(std::string_view(value).substr(1)));
  if (value.size() >= 2 && (value[0] == '"' || value[0] == '\'') && value.back() == value[0])
    value = value.substr(1, value.size() - 2);
  return setting;
}

Result<std::string> expand(const std::string& value, const Environment& environment) {
  if (value.find("$(") != value.npos) return expand_by_shell(value, environment);
  return expand_variables(value, environment);
}

// A name that nobody reads is a site's own, for its hooks, unless it is nearly one of ours.
std::string meant_setting(const std::string& name) {
  std::vector<std::string> known;
  for (const auto& row : setting_rows()) known.emplace_back(row.name);
  return std::ranges::count(known, name) > 0 ? "" : did_you_mean(name, known);
}

// FILE:LINE of the settings that files have set.
using Origins = std::map<std::string, std::string, std::less<>>;

Result<void> read_settings_file(const ConfigurationText& file, Settings& settings, const Environment& given,
                                Origins& origins) {
  int number = 0;
  for (const auto& raw : split(file.text, '\n')) {
    auto where = file.path + ":" + std::to_string(++number);
    auto line = trim(raw);
    if (line.empty() || line[0] == '#') continue;
    auto setting = TRY_CONTEXT(split_setting(line), where);
    if (auto meant = meant_setting(setting.name); !meant.empty())
      settings.likely_typos.push_back(where + ": there is no setting '" + setting.name + "'" + meant);
    if (given.has(setting.name)) continue;
    settings.environment.set(setting.name, TRY_CONTEXT(expand(setting.value, settings.environment), where));
    origins[setting.name] = where;
  }
  return ok();
}

// As the settings' own types; an error names the line, if it is one of a file.
Result<void> take_values(Settings& settings, const Origins& origins) {
  for (const auto& row : setting_rows()) {
    auto value = settings.environment.get_or(row.name, "");
    if (!row.read || value.empty()) continue;
    auto taken = row.read(settings, std::string(row.name), value);
    if (taken.ok()) continue;
    auto origin = origins.find(row.name);
    return origin == origins.end() ? std::move(taken).error()
                                   : std::move(taken).error().context(origin->second);
  }
  return ok();
}

// Where the plugin keeps a user's runtime state by default: the command line sees running steps there.
std::string default_runtime_path(const Environment& settings, unsigned uid) {
  auto of_steps = "/run/pyxis/" + std::to_string(uid);
  struct stat info;
  if (::lstat(of_steps.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == uid) return of_steps;
  auto xdg = settings.get_or("XDG_RUNTIME_DIR", "");
  return xdg.empty() ? "/tmp/pyxis-" + std::to_string(uid) : xdg + "/enroot";
}

// A user for whom the storage helper has made a directory of his own on this node has his store there.
std::string default_data_path(const Environment& settings, const Account& account) {
  auto of_steps = "/var/lib/pyxis/users/" + std::to_string(account.uid);
  struct stat info;
  if (::lstat(of_steps.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == account.uid)
    return of_steps;
  return settings.get_or("XDG_DATA_HOME", account.home + "/.local/share") + "/pyxis";
}

// Those that depend on the user and the machine.
void set_defaults(Settings& settings) {
  const auto& environment = settings.environment;
  auto account = current_account(environment);
  settings.config_path = environment.get_or("XDG_CONFIG_HOME", account.home + "/.config") + "/enroot";
  settings.data_path = default_data_path(environment, account);
  settings.temp_path = environment.get_or("TMPDIR", "/tmp");
  settings.runtime_path = default_runtime_path(environment, account.uid);
  settings.max_processors = std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

Result<Setting> parse_setting(std::string_view line, const Environment& environment) {
  auto setting = TRY(split_setting(line));
  setting.value = TRY(expand(setting.value, environment));
  return setting;
}

Result<Settings> load_settings(const Environment& environment) {
  Settings settings;
  settings.environment = environment;
  settings.sysconf_path = environment.get_or("ENROOT_SYSCONF_PATH", "/etc/enroot");
  Origins origins;
  for (const auto& file : TRY(configuration_with_extras(settings.sysconf_path, "enroot.conf", ".conf")))
    TRY(read_settings_file(file, settings, environment, origins));
  set_defaults(settings);
  TRY(take_values(settings, origins));
  return settings;
}

}  // namespace pyxis
