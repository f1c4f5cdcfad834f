#include "base/log.h"
#include "base/text.h"
#include "hooks/hook.h"

namespace pyxis {
namespace {

// Of the file system's options, those that say which hierarchy it is.
std::vector<std::string> hierarchy_options(const PresentMount& mount) {
  std::vector<std::string> options = {"ro", "nosuid", "nodev", "noexec"};
  if (mount.type == "cgroup")
    for (auto& option : split(mount.options, ','))
      if (option != "rw" && option != "ro") options.push_back(std::move(option));
  return options;
}

}  // namespace

// The node's mounts below /sys show all cgroups; /proc/self/cgroup names what is seen in the namespace. Each
// is covered with a mount made here, whose root is the container's own cgroup.
Result<void> mount_cgroups(HookContext& context) {
  if (!context.own_cgroups) return ok();
  for (const auto& present : TRY(context.mounts())) {
    if (present.type != "cgroup" && present.type != "cgroup2") continue;
    auto done = context.mount({present.type, present.target, present.type, hierarchy_options(present)});
    // EBUSY: the container's cgroup is the top one, and what is there shows it already.
    if (!done.ok() && done.error().code != EBUSY) {
      log::warn("cgroups of the container are not shown: " + done.error().text());
      return ok();
    }
  }
  return ok();
}

}  // namespace pyxis
