#include "engine/setting_rows.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "squash/compression_options.h"

namespace pyxis {
namespace {

Result<bool> parse_flag(const std::string& name, const std::string& value) {
  auto parsed = parse_bool(value);
  if (!parsed) return fail(name + ": '" + printable(value) + "' is neither yes nor no");
  return *parsed;
}

Result<void> read_flag(bool& target, const std::string& name, const std::string& value) {
  target = TRY(parse_flag(name, value));
  return ok();
}

Result<void> read_writable(Settings& settings, const std::string& name, const std::string& value) {
  settings.rootfs_writable_set = true;
  return read_flag(settings.rootfs_writable, name, value);
}

template <Namespace kind>
Result<void> read_unshare(Settings& settings, const std::string& name, const std::string& value) {
  std::erase(settings.unshare, kind);
  if (TRY(parse_flag(name, value))) settings.unshare.push_back(kind);
  return ok();
}

Result<unsigned> parse_count(const std::string& name, const std::string& value) {
  auto parsed = parse_number<unsigned>(value);
  if (!parsed) return fail(name + ": '" + printable(value) + "' is not a number");
  return *parsed;
}

Result<void> read_count(unsigned& target, const std::string& name, const std::string& value) {
  target = TRY(parse_count(name, value));
  return ok();
}

Result<void> read_at_least_one(unsigned& target, const std::string& name, const std::string& value) {
  target = std::max(1u, TRY(parse_count(name, value)));
  return ok();
}

Result<void> read_seconds(std::chrono::seconds& target, const std::string& name, const std::string& value) {
  target = std::chrono::seconds(TRY(parse_count(name, value)));
  return ok();
}

Result<void> read_path(std::string& target, const std::string&, const std::string& value) {
  target = value;
  return ok();
}

Result<void> read_directories(std::vector<std::string>& target, const std::string&,
                              const std::string& value) {
  target.clear();
  for (auto& directory : split(value, ':'))
    if (!directory.empty()) target.push_back(std::move(directory));
  return ok();
}

// How a setting is read: into MEMBER, by READ.
template <auto member, auto read>
Result<void> into(Settings& settings, const std::string& name, const std::string& value) {
  return read(settings.*member, name, value);
}

constexpr auto path = "PATH";
constexpr auto yes_no = "yes|no";
constexpr auto number = "NUMBER";
constexpr auto seconds = "SECONDS";
constexpr auto text = "TEXT";

constexpr std::array rows = {
    SettingRow{
        "ENROOT_DATA_PATH", path, "/var/lib/pyxis/users/<uid>, else $XDG_DATA_HOME/pyxis",
        "the user's store: put it on a local disk, as in `/local/pyxis/$(id -u)`. The first default is "
        "that of nodes that have made such a directory for the user",
        into<&Settings::data_path, read_path>},
    SettingRow{
        "ENROOT_CACHE_PATH", path, "",
        "where layers and images lie; beside the containers without it. Where they outlive the "
        "containers, nothing is imported twice. On a disk that can hold overlays, or containers become "
        "copies",
        into<&Settings::cache_path, read_path>},
    SettingRow{"ENROOT_RUNTIME_PATH", path,
               "/run/pyxis/<uid>, else $XDG_RUNTIME_DIR/enroot, else /tmp/pyxis-<uid>",
               "sockets and the like of running containers; of the command line only",
               into<&Settings::runtime_path, read_path>},
    SettingRow{"ENROOT_CONFIG_PATH", path, "$XDG_CONFIG_HOME/enroot",
               "the user's `.credentials`, `environ.d`, `mounts.d`, `hooks.d`",
               into<&Settings::config_path, read_path>},
    SettingRow{"ENROOT_SYSCONF_PATH", path, "/etc/enroot", "the site's; in the environment only", nullptr},
    SettingRow{"ENROOT_LIBRARY_PATH", path, "/usr/lib/enroot where it has a common.sh, else ours",
               "where hooks have `common.sh` from", nullptr},
    SettingRow{"ENROOT_TEMP_PATH", path, "$TMPDIR, else /tmp", "for hooks and bundles; imports use the store",
               into<&Settings::temp_path, read_path>},
    SettingRow{"ENROOT_CDI_PATH", "PATH[:...]", "/etc/cdi:/var/run/cdi",
               "directories with specifications of devices; later ones win",
               into<&Settings::cdi_path, read_directories>},
    SettingRow{"ENROOT_ROOTFS_WRITABLE", yes_no, "yes in steps, else no", "containers can be changed",
               read_writable},
    SettingRow{"ENROOT_REMAP_ROOT", yes_no, "no", "users appear as root in containers",
               into<&Settings::remap_root, read_flag>},
    SettingRow{"ENROOT_MOUNT_HOME", yes_no, "no", "home directories are mounted in containers",
               into<&Settings::mount_home, read_flag>},
    SettingRow{"ENROOT_RESTRICT_DEV", yes_no, "no", "containers have a `/dev` with little in it", nullptr},
    SettingRow{"ENROOT_UNSHARE_NET", yes_no, "no", "a network namespace for every container",
               read_unshare<Namespace::net>},
    SettingRow{"ENROOT_UNSHARE_IPC", yes_no, "no",
               "an IPC namespace for every container: System V's objects, POSIX's queues",
               read_unshare<Namespace::ipc>},
    SettingRow{"ENROOT_UNSHARE_UTS", yes_no, "no", "a UTS namespace for every container: the host's name",
               read_unshare<Namespace::uts>},
    SettingRow{"ENROOT_UNSHARE_PID", yes_no, "no",
               "a PID namespace for every container; not in steps, whose tasks are Slurm's children",
               read_unshare<Namespace::pid>},
    SettingRow{"ENROOT_ALLOW_SUPERUSER", yes_no, "no",
               "root's containers have no user namespace, and root is root in them",
               into<&Settings::allow_superuser, read_flag>},
    SettingRow{"ENROOT_LOGIN_SHELL", yes_no, "yes", "shells that start a container read `/etc/profile`",
               into<&Settings::login_shell, read_flag>},
    SettingRow{"ENROOT_NATIVE_OVERLAYFS", yes_no, "yes", "`no`: new containers are copies of their layers",
               into<&Settings::native_overlayfs, read_flag>},
    SettingRow{"ENROOT_FORCE_OVERRIDE", yes_no, "no",
               "containers and files of the same name are replaced, as with `--force`; by `import`, too",
               into<&Settings::force_override, read_flag>},
    SettingRow{"ENROOT_ALLOW_HTTP", yes_no, "no", "plain HTTP for other registries than this machine's",
               into<&Settings::allow_http, read_flag>},
    SettingRow{"ENROOT_MAX_PROCESSORS", number, "all",
               "how many processors importing, packing, and serving image files may use",
               into<&Settings::max_processors, read_at_least_one>},
    SettingRow{"ENROOT_MAX_CONNECTIONS", number, "10", "downloads at once",
               into<&Settings::max_connections, read_at_least_one>},
    SettingRow{"ENROOT_CONNECT_TIMEOUT", seconds, "30", "so long an answer to a connection is waited for",
               into<&Settings::connect_timeout, read_seconds>},
    SettingRow{"ENROOT_TRANSFER_TIMEOUT", seconds, "0", "so long a transfer may take; `0`: any time",
               into<&Settings::transfer_timeout, read_seconds>},
    SettingRow{"ENROOT_TRANSFER_RETRIES", number, "0",
               "so often a transfer is tried again; `0`: five times with growing waits",
               into<&Settings::transfer_retries, read_count>},
    SettingRow{"ENROOT_SQUASH_OPTIONS", text, default_squash_options,
               "how image files are packed, in words of mksquashfs", nullptr},
    SettingRow{"ENROOT_BUNDLE_ALL", yes_no, "no", "as `-a` of `pyxis bundle`",
               into<&Settings::bundle_all, read_flag>},
    SettingRow{"ENROOT_BUNDLE_CHECKSUM", yes_no, "no", "as `-c` of `pyxis bundle`",
               into<&Settings::bundle_checksum, read_flag>},
    SettingRow{"ENROOT_NVIDIA_LDCACHE", path, "/etc/ld.so.cache",
               "the node's cache of the dynamic linker, for `98-nvidia.sh`", nullptr},
    SettingRow{"NVIDIA_*", text, "", "what GPUs containers get, as in the container toolkit's documents",
               nullptr},
    SettingRow{"MELLANOX_VISIBLE_DEVICES", text, "", "what adapters containers get: `all`, or numbers",
               nullptr},
    SettingRow{"http_proxy", "URL", "", "the way to registries on plain http", nullptr},
    SettingRow{"https_proxy", "URL", "", "the way to registries", nullptr},
    SettingRow{"all_proxy", "URL", "", "where the other two say nothing", nullptr},
    SettingRow{"no_proxy", "HOST[,...]", "", "what is reached without", nullptr},
    SettingRow{"SSL_CERT_FILE", path, "the system's", "authorities that registries are verified by", nullptr},
    SettingRow{"SSL_CERT_DIR", path, "the system's", "a directory of such", nullptr},
};

}  // namespace

bool SettingRow::is_flag() const {
  return values == std::string_view(yes_no);
}

std::span<const SettingRow> setting_rows() {
  return rows;
}

}  // namespace pyxis
