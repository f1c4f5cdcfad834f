#include "engine/settings.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>

#include "base/fs.h"
#include "base/pipe.h"
#include "base/process.h"
#include "base/text.h"

namespace pyxis {
namespace {

// CDI SPEC.md, "CDI JSON Specification": what is made at run time wins over what is installed.
constexpr auto default_cdi_path = "/etc/cdi:/var/run/cdi";

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
  auto child =
      TRY(spawn({"/bin/sh", {"sh", "-c", "printf %s \"" + value + "\""}, lines, {{writer.get(), 1}}}));
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

Result<void> read_settings_file(const std::string& path, Environment& settings, const Environment& given) {
  auto text = read_file(path, 1 << 20);
  if (!text.ok()) return text.error().code == ENOENT ? ok() : Result<void>(std::move(text).error());
  int number = 0;
  for (const auto& raw : split(*text, '\n')) {
    auto where = path + ":" + std::to_string(++number);
    auto line = trim(raw);
    if (line.empty() || line[0] == '#') continue;
    auto setting = TRY_CONTEXT(split_setting(line), where);
    if (!given.has(setting.name))
      settings.set(setting.name, TRY_CONTEXT(expand(setting.value, settings), where));
  }
  return ok();
}

Result<void> read_settings_files(const std::string& directory, Environment& settings,
                                 const Environment& given) {
  TRY(read_settings_file(directory + "/enroot.conf", settings, given));
  auto extra = open_path(directory + "/enroot.conf.d", O_RDONLY | O_DIRECTORY);
  if (!extra.ok()) return ok();
  auto names = TRY(list_directory(extra->get()));
  std::sort(names.begin(), names.end());
  for (const auto& name : names)
    if (name.ends_with(".conf"))
      TRY(read_settings_file(directory + "/enroot.conf.d/" + name, settings, given));
  return ok();
}

Result<bool> flag(const Environment& settings, const char* name, bool otherwise) {
  auto value = settings.get(name);
  if (!value || value->empty()) return otherwise;
  auto parsed = parse_bool(*value);
  if (!parsed) return fail(std::string(name) + ": '" + printable(*value) + "' is neither yes nor no");
  return *parsed;
}

Result<unsigned> count(const Environment& settings, const char* name, unsigned otherwise) {
  auto value = settings.get(name);
  if (!value || value->empty()) return otherwise;
  auto parsed = parse_number<unsigned>(*value);
  if (!parsed) return fail(std::string(name) + ": '" + printable(*value) + "' is not a number");
  return *parsed;
}

Result<std::vector<Namespace>> unshared(const Settings& settings) {
  constexpr std::array<std::pair<const char*, Namespace>, 4> names = {
      {{"ENROOT_UNSHARE_NET", Namespace::net},
       {"ENROOT_UNSHARE_PID", Namespace::pid},
       {"ENROOT_UNSHARE_IPC", Namespace::ipc},
       {"ENROOT_UNSHARE_UTS", Namespace::uts}}};
  std::vector<Namespace> kinds;
  for (const auto& [name, kind] : names)
    if (TRY(flag(settings.environment, name, false))) kinds.push_back(kind);
  return kinds;
}

Result<void> read_flags(Settings& settings) {
  const std::array<std::pair<const char*, bool*>, 10> flags = {
      {{"ENROOT_ALLOW_HTTP", &settings.allow_http},
       {"ENROOT_ROOTFS_WRITABLE", &settings.rootfs_writable},
       {"ENROOT_REMAP_ROOT", &settings.remap_root},
       {"ENROOT_MOUNT_HOME", &settings.mount_home},
       {"ENROOT_ALLOW_SUPERUSER", &settings.allow_superuser},
       {"ENROOT_FORCE_OVERRIDE", &settings.force_override},
       {"ENROOT_LOGIN_SHELL", &settings.login_shell},
       {"ENROOT_NATIVE_OVERLAYFS", &settings.native_overlayfs},
       {"ENROOT_BUNDLE_ALL", &settings.bundle_all},
       {"ENROOT_BUNDLE_CHECKSUM", &settings.bundle_checksum}}};
  for (const auto& [name, value] : flags) *value = TRY(flag(settings.environment, name, *value));
  settings.rootfs_writable_set = !settings.environment.get_or("ENROOT_ROOTFS_WRITABLE", "").empty();
  settings.unshare = TRY(unshared(settings));
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
  TRY(read_settings_files(settings.sysconf_path, settings.environment, environment));
  const auto& env = settings.environment;
  auto account = current_account(env);
  settings.config_path =
      env.get_or("ENROOT_CONFIG_PATH", env.get_or("XDG_CONFIG_HOME", account.home + "/.config") + "/enroot");
  settings.data_path = env.get_or("ENROOT_DATA_PATH", default_data_path(env, account));
  settings.cache_path = env.get_or("ENROOT_CACHE_PATH", "");
  for (auto& directory : split(env.get_or("ENROOT_CDI_PATH", default_cdi_path), ':'))
    if (!directory.empty()) settings.cdi_path.push_back(std::move(directory));
  settings.temp_path = env.get_or("ENROOT_TEMP_PATH", env.get_or("TMPDIR", "/tmp"));
  settings.runtime_path = env.get_or("ENROOT_RUNTIME_PATH", default_runtime_path(env, account.uid));
  TRY(read_flags(settings));
  settings.max_processors =
      std::max(1u, TRY(count(env, "ENROOT_MAX_PROCESSORS", std::thread::hardware_concurrency())));
  settings.max_connections = std::max(1u, TRY(count(env, "ENROOT_MAX_CONNECTIONS", 10)));
  settings.connect_timeout = std::chrono::seconds(TRY(count(env, "ENROOT_CONNECT_TIMEOUT", 30)));
  settings.transfer_timeout = std::chrono::seconds(TRY(count(env, "ENROOT_TRANSFER_TIMEOUT", 0)));
  settings.transfer_retries = TRY(count(env, "ENROOT_TRANSFER_RETRIES", 0));
  return settings;
}

}  // namespace pyxis
