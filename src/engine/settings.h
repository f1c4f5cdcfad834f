// The engine's settings: /etc/enroot/enroot.conf, enroot.conf.d/*.conf, and the environment, which wins.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/environment.h"
#include "base/result.h"
#include "contract/step.h"

namespace pyxis {

class SharedStore;

struct Settings {
  std::string sysconf_path, config_path, data_path, runtime_path, temp_path;
  // Where specifications of devices are; later ones win. CDI SPEC.md, "CDI JSON Specification": what is made
  // at run time wins over what is installed.
  std::vector<std::string> cdi_path = {"/etc/cdi", "/var/run/cdi"};
  std::string cache_path;                     // where layers and images are; empty: beside the containers
  std::shared_ptr<SharedStore> shared_store;  // the node's, where a step was given a way to it
  bool allow_http = false, rootfs_writable = false, remap_root = false, mount_home = false,
       allow_superuser = false, force_override = false;
  bool login_shell = true, native_overlayfs = true;
  bool bundle_all = false, bundle_checksum = false;
  std::vector<Namespace> unshare;  // what every container gets of its own: net, pid, ipc, uts
  unsigned max_processors = 1, max_connections = 10;
  std::chrono::seconds connect_timeout{30}, transfer_timeout{0};
  unsigned transfer_retries = 0;
  // Said by somebody: steps default to writable otherwise (spec, Note on writability).
  bool rootfs_writable_set = false;
  Environment environment;                // what the process got, with the file's values where it had none
  std::vector<std::string> likely_typos;  // in the files: where, and what may have been meant
};

// A line of such a file, "KEY VALUE" or "KEY=VALUE", its value expanded: ${VAR} from `environment`, and
// $(command) by the shell, as the user. Error: KEY is not one of a setting.
struct Setting {
  std::string name, value;
};
Result<Setting> parse_setting(std::string_view line, const Environment& environment);

// Reads the files and completes defaults. Errors name file, line and setting; EPERM: others than root and
// the caller can write a file, or its directory (configuration_files.h).
Result<Settings> load_settings(const Environment& environment);

// The user's own entry in the host's databases (getpwuid_r): LDAP and the like work.
struct Account {
  unsigned uid = 0, gid = 0;
  std::string name, home, shell, gecos, group;
};
// Falls back to "uid"-named values where the databases have no entry.
Account current_account(const Environment& environment);

}  // namespace pyxis
