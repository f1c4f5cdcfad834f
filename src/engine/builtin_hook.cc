#include "engine/builtin_hook.h"

#include "sandbox/mount_plan.h"
#include "sandbox/mounter.h"
#include "sandbox/mountinfo.h"

namespace pyxis {
namespace {

Result<void> mount_now(const HookMount& mount, int rootfs) {
  return execute_mounts(TRY(plan_mounts({{mount.source, mount.target, mount.type, mount.options, 0, {}}})),
                        rootfs);
}

Result<std::vector<PresentMount>> mounts_inside(const std::string& rootfs) {
  std::vector<PresentMount> mounts;
  for (auto& record : TRY(read_mountinfo()))
    if (record.mount_point.starts_with(rootfs + "/"))
      mounts.push_back(
          {record.mount_point.substr(rootfs.size()), std::move(record.type), std::move(record.options)});
  return mounts;
}

}  // namespace

Result<void> run_builtin_hook(const BuiltinHook& hook, const HookPlan& plan, HookedContainer& container) {
  HookContext context{container.rootfs,
                      container.rootfs_path,
                      plan.of_start.remap_root,
                      plan.of_start.mount_home,
                      plan.of_start.own_cgroups,
                      plan.of_start.user,
                      plan.of_start.later,
                      plan.host,
                      container.environment,
                      [&](const HookMount& mount) { return mount_now(mount, container.rootfs); },
                      [&] { return mounts_inside(container.rootfs_path); }};
  return hook.run(context);
}

}  // namespace pyxis
