#include <sys/utsname.h>

#include <algorithm>
#include <iomanip>
#include <iostream>

#include "base/text.h"
#include "cli/command.h"
#include "engine/settings.h"
#include "image/platform.h"

namespace pyxis::cli {
namespace {

std::string yes_no(bool value) {
  return value ? "yes" : "no";
}

std::string unshared(const Settings& settings, Namespace kind) {
  return yes_no(std::ranges::count(settings.unshare, kind) > 0);
}

using Rows = std::vector<std::pair<std::string, std::string>>;

Rows system_rows() {
  utsname names;
  ::uname(&names);
  return {{"Version", PYXIS_VERSION},
          {"Kernel", std::string(names.release) + " " + names.machine},
          {"Platform", host_platform().text()}};
}

Rows path_rows(const Settings& settings) {
  return {{"ENROOT_SYSCONF_PATH", settings.sysconf_path},
          {"ENROOT_CONFIG_PATH", settings.config_path},
          {"ENROOT_DATA_PATH", settings.data_path},
          {"ENROOT_CACHE_PATH", settings.cache_path.empty() ? settings.data_path : settings.cache_path},
          {"ENROOT_CDI_PATH", join(settings.cdi_path, ":")},
          {"ENROOT_RUNTIME_PATH", settings.runtime_path},
          {"ENROOT_TEMP_PATH", settings.temp_path}};
}

Rows flag_rows(const Settings& settings) {
  return {{"ENROOT_ALLOW_HTTP", yes_no(settings.allow_http)},
          {"ENROOT_ALLOW_SUPERUSER", yes_no(settings.allow_superuser)},
          {"ENROOT_BUNDLE_ALL", yes_no(settings.bundle_all)},
          {"ENROOT_BUNDLE_CHECKSUM", yes_no(settings.bundle_checksum)},
          {"ENROOT_FORCE_OVERRIDE", yes_no(settings.force_override)},
          {"ENROOT_LOGIN_SHELL", yes_no(settings.login_shell)},
          {"ENROOT_MOUNT_HOME", yes_no(settings.mount_home)},
          {"ENROOT_NATIVE_OVERLAYFS", yes_no(settings.native_overlayfs)},
          {"ENROOT_REMAP_ROOT", yes_no(settings.remap_root)},
          {"ENROOT_ROOTFS_WRITABLE", yes_no(settings.rootfs_writable)},
          {"ENROOT_UNSHARE_IPC", unshared(settings, Namespace::ipc)},
          {"ENROOT_UNSHARE_NET", unshared(settings, Namespace::net)},
          {"ENROOT_UNSHARE_PID", unshared(settings, Namespace::pid)},
          {"ENROOT_UNSHARE_UTS", unshared(settings, Namespace::uts)}};
}

Rows number_rows(const Settings& settings) {
  return {{"ENROOT_CONNECT_TIMEOUT", std::to_string(settings.connect_timeout.count())},
          {"ENROOT_MAX_CONNECTIONS", std::to_string(settings.max_connections)},
          {"ENROOT_MAX_PROCESSORS", std::to_string(settings.max_processors)},
          {"ENROOT_SQUASH_OPTIONS", settings.environment.get_or("ENROOT_SQUASH_OPTIONS", "")},
          {"ENROOT_TRANSFER_RETRIES", std::to_string(settings.transfer_retries)},
          {"ENROOT_TRANSFER_TIMEOUT", std::to_string(settings.transfer_timeout.count())}};
}

void print(const Rows& rows) {
  constexpr int width = 25;
  for (const auto& [name, value] : rows)
    std::cout << std::left << std::setw(width) << name << (value.empty() ? "-" : value) << "\n";
}

}  // namespace

Action add_info(CLI::App& app, const Environment& environment) {
  app.add_subcommand("info", "Show the settings in force and this system");
  return [&environment]() -> Result<int> {
    auto settings = TRY(load_settings(environment));
    for (const auto& rows :
         {system_rows(), path_rows(settings), flag_rows(settings), number_rows(settings)}) {
      if (rows.front().first != "Version") std::cout << "\n";
      print(rows);
    }
    return 0;
  };
}

}  // namespace pyxis::cli
