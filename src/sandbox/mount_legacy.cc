// mount(2), for kernels before 5.12. Attributes of a mount can only be replaced as a whole, one mount at a
// time, so each is read from /proc/self/mountinfo first: what the parent user namespace has locked must be
// given again.
#include <fcntl.h>
#include <sys/mount.h>

#include "base/fs.h"
#include "base/text.h"
#include "sandbox/kernel_calls.h"
#include "sandbox/mount_api.h"
#include "sandbox/mountinfo.h"

namespace pyxis {
namespace {

struct Flag {
  uint64_t attribute;
  unsigned long flag;
};
constexpr Flag flags[] = {
    {kernel::attr_rdonly, MS_RDONLY},         {kernel::attr_nosuid, MS_NOSUID},
    {kernel::attr_nodev, MS_NODEV},           {kernel::attr_noexec, MS_NOEXEC},
    {kernel::attr_noatime, MS_NOATIME},       {kernel::attr_strictatime, MS_STRICTATIME},
    {kernel::attr_nodiratime, MS_NODIRATIME}, {kernel::attr_nosymfollow, 256 /* MS_NOSYMFOLLOW */},
};

unsigned long mount_flags(uint64_t attributes) {
  unsigned long out = 0;
  for (const auto& entry : flags)
    if (attributes & entry.attribute) out |= entry.flag;
  // Without a word on access times mount(2) would choose relatime, which a locked noatime forbids and vice
  // versa.
  if (!(attributes & kernel::attr_atime_mask)) out |= MS_RELATIME;
  return out;
}

uint64_t changed(uint64_t attributes, const AttributeChange& change) {
  return (attributes & ~change.clear) | change.set;
}

Result<void> remount(const MountRecord& record, const AttributeChange& change) {
  auto wanted = changed(record.attributes, change);
  if (wanted == record.attributes) return ok();
  if (::mount(nullptr, record.mount_point.c_str(), nullptr, MS_REMOUNT | MS_BIND | mount_flags(wanted),
              nullptr) != 0)
    return sys_error("remount " + printable(record.mount_point));
  return ok();
}

Result<void> apply(const MountChange& change, MountTarget& target) {
  auto path = fd_path(target.fd.get());
  if (!change.attributes.empty() || !change.recursive_attributes.empty()) {
    int top = TRY(mount_id_of(target.fd.get()));
    for (const auto& record : mounts_below(TRY(read_mountinfo()), top)) {
      auto wanted = change.recursive_attributes;
      if (record.id == top) {
        wanted.set = changed(wanted.set, change.attributes);
        wanted.clear |= change.attributes.clear;
      }
      if (record.id == top || !change.recursive_attributes.empty()) TRY(remount(record, wanted));
    }
  }
  if (change.propagation) {
    auto flag = propagation_flag(*change.propagation) | (change.recursive_propagation ? +MS_REC : 0);
    if (::mount(nullptr, path.c_str(), nullptr, flag, nullptr) != 0) return sys_error("set propagation");
  }
  return ok();
}

class LegacyMountApi final : public MountApi {
 public:
  Result<void> bind(int source, bool recursive, const MountChange& change,
                    MountTarget& target) const override {
    if (::mount(fd_path(source).c_str(), fd_path(target.fd.get()).c_str(), nullptr,
                MS_BIND | (recursive ? +MS_REC : 0), nullptr) != 0)
      return sys_error("bind");
    TRY(target.reopen());
    return apply(change, target);
  }

  Result<void> move(int source, MountTarget& target) const override {
    if (::mount(fd_path(source).c_str(), fd_path(target.fd.get()).c_str(), nullptr, MS_MOVE, nullptr) != 0)
      return sys_error("move");
    return ok();
  }

  Result<void> filesystem(const std::string& type, const std::string& source,
                          const std::vector<std::string>& data, const MountChange& change,
                          MountTarget& target) const override {
    auto attributes = changed(changed(0, change.recursive_attributes), change.attributes);
    auto text = join(data, ",");
    if (::mount(source.empty() ? "none" : source.c_str(), fd_path(target.fd.get()).c_str(), type.c_str(),
                mount_flags(attributes), text.c_str()) != 0)
      return sys_error("file system type " + type);
    TRY(target.reopen());
    return apply({{}, {}, change.propagation, change.recursive_propagation}, target);
  }

  Result<void> change(const MountChange& change, MountTarget& target) const override {
    return apply(change, target);
  }
};

}  // namespace

const MountApi& legacy_mount_api() {
  static const LegacyMountApi api;
  return api;
}

}  // namespace pyxis
