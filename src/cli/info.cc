#include <sys/utsname.h>

#include <iostream>

#include "cli/command.h"
#include "engine/settings.h"
#include "image/platform.h"

namespace pyxis::cli {

Action add_info(CLI::App& app, const Environment& environment) {
  app.add_subcommand("info", "Show the settings in force and this system");
  return [&environment]() -> Result<int> {
    auto settings = TRY(load_settings(environment));
    utsname names;
    ::uname(&names);
    auto yes_no = [](bool value) { return value ? "yes" : "no"; };
    std::cout << "Version              " << PYXIS_VERSION << "\n"
              << "Kernel               " << names.release << " " << names.machine << "\n"
              << "Platform             " << host_platform().text() << "\n"
              << "\n"
              << "ENROOT_SYSCONF_PATH  " << settings.sysconf_path << "\n"
              << "ENROOT_CONFIG_PATH   " << settings.config_path << "\n"
              << "ENROOT_DATA_PATH     " << settings.data_path << "\n"
              << "ENROOT_RUNTIME_PATH  " << settings.runtime_path << "\n"
              << "ENROOT_ALLOW_HTTP        " << yes_no(settings.allow_http) << "\n"
              << "ENROOT_ROOTFS_WRITABLE   " << yes_no(settings.rootfs_writable) << "\n"
              << "ENROOT_REMAP_ROOT        " << yes_no(settings.remap_root) << "\n"
              << "ENROOT_MOUNT_HOME        " << yes_no(settings.mount_home) << "\n"
              << "ENROOT_MAX_CONNECTIONS   " << settings.max_connections << "\n"
              << "ENROOT_CONNECT_TIMEOUT   " << settings.connect_timeout.count() << "\n"
              << "ENROOT_TRANSFER_TIMEOUT  " << settings.transfer_timeout.count() << "\n"
              << "ENROOT_TRANSFER_RETRIES  " << settings.transfer_retries << "\n";
    return 0;
  };
}

}  // namespace pyxis::cli
