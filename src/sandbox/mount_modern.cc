#include <sys/mount.h>

#include <array>

#include "sandbox/kernel_calls.h"
#include "sandbox/mount_api.h"

namespace pyxis {
namespace {

Result<void> set_attributes(int mount, unsigned flags, const AttributeChange& change,
                            unsigned long propagation) {
  if (change.empty() && propagation == 0) return ok();
  kernel::MountAttr attr{change.set, change.clear, propagation, 0};
  if (kernel::mount_setattr(mount, flags, attr) != 0) return sys_error("set mount attributes");
  return ok();
}

Result<void> apply(int mount, const MountChange& change) {
  auto propagation = change.propagation ? propagation_flag(*change.propagation) : 0;
  bool both = change.recursive_propagation;
  TRY(set_attributes(mount, kernel::at_recursive, change.recursive_attributes, both ? propagation : 0));
  return set_attributes(mount, 0, change.attributes, both ? 0 : propagation);
}

Result<void> attach(int mount, const MountTarget& target) {
  if (kernel::move_mount(mount, target.fd.get()) != 0) return sys_error("move_mount");
  return ok();
}

// What the file system itself said of the failure, e.g. "tmpfs: Bad value for 'size'"; fsopen(2).
std::string messages(int fs) {
  std::string text;
  std::array<char, 1024> line;
  for (ssize_t got; (got = ::read(fs, line.data(), line.size())) > 0;) {
    std::string_view message(line.data(), static_cast<size_t>(got));
    if (message.starts_with("e ") || message.starts_with("w ")) message.remove_prefix(2);
    while (message.ends_with('\n')) message.remove_suffix(1);
    text.append(text.empty() ? "" : ", ").append(message);
  }
  return text;
}

Error filesystem_error(int fs, const std::string& step) {
  int code = errno;
  auto said = messages(fs);
  return sys_error(said.empty() ? step : step + ": " + said, code);
}

Result<void> configure(int fs, const std::string& option) {
  auto equals = option.find('=');
  auto key = option.substr(0, equals);
  int status = equals == option.npos ? kernel::fsconfig(fs, kernel::fsconfig_set_flag, key.c_str(), nullptr)
                                     : kernel::fsconfig(fs, kernel::fsconfig_set_string, key.c_str(),
                                                        option.c_str() + equals + 1);
  if (status != 0) return filesystem_error(fs, "option " + option);
  return ok();
}

class ModernMountApi final : public MountApi {
 public:
  Result<void> bind(int source, bool recursive, const MountChange& change,
                    MountTarget& target) const override {
    unsigned flags = kernel::open_tree_clone | kernel::open_tree_cloexec | AT_EMPTY_PATH;
    Fd copy(kernel::open_tree(source, "", flags | (recursive ? kernel::at_recursive : 0)));
    if (!copy) return sys_error("open_tree");
    TRY(apply(copy.get(), change));
    return attach(copy.get(), target);
  }

  Result<void> move(int source, MountTarget& target) const override { return attach(source, target); }

  Result<void> filesystem(const std::string& type, const std::string& source,
                          const std::vector<std::string>& data, const MountChange& change,
                          MountTarget& target) const override {
    Fd fs(kernel::fsopen(type.c_str()));
    if (!fs) return sys_error("file system type " + type);
    if (!source.empty()) TRY(configure(fs.get(), "source=" + source));
    for (const auto& option : data) TRY(configure(fs.get(), option));
    if (kernel::fsconfig(fs.get(), kernel::fsconfig_cmd_create, nullptr, nullptr) != 0)
      return filesystem_error(fs.get(), "create " + type);
    Fd mount(kernel::fsmount(fs.get(), 0));
    if (!mount) return filesystem_error(fs.get(), "fsmount");
    TRY(apply(mount.get(), change));
    return attach(mount.get(), target);
  }

  Result<void> change(const MountChange& change, MountTarget& target) const override {
    return apply(target.fd.get(), change);
  }
};

}  // namespace

const MountApi& modern_mount_api() {
  static const ModernMountApi api;
  return api;
}

const MountApi& mount_api() {
  // EBADF where the call exists: a change of nothing would succeed without a look at the descriptor. A filter
  // of an outer container may answer EPERM for calls it does not know.
  static const bool modern =
      kernel::mount_setattr(-1, 0, {kernel::attr_rdonly, 0, 0, 0}) != 0 && errno == EBADF;
  return modern ? modern_mount_api() : legacy_mount_api();
}

unsigned long propagation_flag(Propagation propagation) {
  switch (propagation) {
    case Propagation::private_mount:
      return MS_PRIVATE;
    case Propagation::slave:
      return MS_SLAVE;
    case Propagation::shared:
      return MS_SHARED;
    case Propagation::unbindable:
      return MS_UNBINDABLE;
  }
  return MS_PRIVATE;
}

}  // namespace pyxis
