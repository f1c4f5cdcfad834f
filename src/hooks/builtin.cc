// The table of the engine's own hooks, and those that are a few lines.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/fs.h"
#include "contract/step_variables.h"
#include "hooks/hook.h"

namespace pyxis {

std::span<const BuiltinHook> builtin_hooks() {
  static constexpr std::array<BuiltinHook, 10> hooks = {{{"10-aptfix.sh", disable_apt_sandbox},
                                                         {"10-cgroups.sh", mount_cgroups},
                                                         {"10-devices.sh", restrict_devices},
                                                         {"10-home.sh", mount_home},
                                                         {"10-localtime.sh", set_local_time},
                                                         {"10-shadow.sh", write_accounts},
                                                         {"50-slurm-pmi.sh", pass_slurm_pmi},
                                                         {"50-slurm-pytorch.sh", describe_to_pytorch},
                                                         {"98-nvidia.sh", add_nvidia_gpus},
                                                         {"99-mellanox.sh", add_mellanox_hcas}}};
  return hooks;
}

// apt wants to become a user of its own for what it downloads, and a container has one user.
Result<void> disable_apt_sandbox(HookContext& context) {
  constexpr auto name = "90-pyxis-sandbox", text = "APT::Sandbox::User \"root\";\n";
  if (!context.remap_root) return ok();
  auto directory = open_in_root(context.rootfs, "etc/apt/apt.conf.d", O_PATH | O_DIRECTORY);
  if (!directory.ok() || ::faccessat(directory->get(), name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) return ok();
  return write_file(directory->get(), name, text);
}

Result<void> mount_home(HookContext& context) {
  if (!context.mount_home) return ok();
  return context.mount({context.user.home, context.user.home, "none", {"x-create=auto", "rbind"}});
}

Result<void> write_accounts(HookContext& context) {
  TRY(add_accounts(context.rootfs, context.user, context.remap_root));
  return ok();
}

// What an image has of a task's variables makes way for the task's own, which are not the container's: it may
// be joined by other steps. The directory is there only in a step that uses PMIx; the variables are also seen
// by what a task of such a step starts.
Result<void> pass_slurm_pmi(HookContext& context) {
  for (const auto& [name, value] : context.host.values())
    if (set_per_task(name)) context.container.unset(name);
  for (const auto& [name, value, yields] : pmix_variables(context.host))
    if (!context.container.has(name)) context.container.set(name, value);
  auto directory = context.host.get_or("PMIX_SERVER_TMPDIR", "");
  if (!directory.starts_with('/')) return ok();
  if (std::ranges::find(context.later, directory) != context.later.end())
    return ok();  // in steps, the plugin's
  return context.mount({directory, directory, "none", {"x-create=dir", "bind", "nosuid", "nodev", "nofail"}});
}

Result<void> describe_to_pytorch(HookContext& context) {
  if (!context.container.has("PYTORCH_VERSION")) return ok();
  for (const auto& [name, value, yields] : pytorch_variables(context.host))
    if (!yields || !context.host.has(name)) context.container.set(name, value);
  return ok();
}

}  // namespace pyxis
