// The engine's own hooks: what adapts a root file system to the node and the user before its container starts
// (engine spec, "Start-up, in order").
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.h"
#include "base/result.h"
#include "hooks/accounts.h"

namespace pyxis {

// As a line of an fstab; the options are those of mounts.d.
struct HookMount {
  std::string source, target, type;
  std::vector<std::string> options;
};

// A mount that the container has now: its place in there, and what is mounted.
struct PresentMount {
  std::string target, type, options;  // of the file system
};

// Hooks run in the container's namespaces, with capabilities, before pivot_root: they see the host's files by
// their names, and the container's below `rootfs`.
struct HookContext {
  int rootfs = -1;          // the top directory; what is below is the image's, so open_in_root
  std::string rootfs_path;  // the same, for programs
  bool remap_root = false, mount_home = false, own_cgroups = false;
  AccountEntry user;
  std::vector<std::string> later;  // targets of mounts that follow the hooks
  const Environment& host;         // the job's variables, and the settings of enroot.conf
  Environment& container;          // the container's variables
  std::function<Result<void>(const HookMount&)> mount;  // at once; errors name source and target
  std::function<Result<std::vector<PresentMount>>()> mounts;

  // The value that counts: the container's, else the job's. Empty where neither has one.
  std::string value(std::string_view name) const {
    return container.get(name).value_or(host.get_or(name, ""));
  }
};

struct BuiltinHook {
  std::string_view name;  // of the file in hooks.d that takes its place
  Result<void> (*run)(HookContext&);
};

// In the order of their names, which is that of their running.
std::span<const BuiltinHook> builtin_hooks();

Result<void> disable_apt_sandbox(HookContext& context);  // where the container's user is root
Result<void> mount_cgroups(HookContext& context);        // as the container's own cgroup namespace shows them
Result<void> restrict_devices(HookContext& context);     // ENROOT_RESTRICT_DEV: a /dev with the usual few
Result<void> mount_home(HookContext& context);           // ENROOT_MOUNT_HOME
Result<void> set_local_time(HookContext& context);       // the node's time zone
Result<void> write_accounts(HookContext& context);       // hooks/accounts.h
Result<void> pass_slurm_pmi(HookContext& context);       // plugin spec, "MPI"
Result<void> describe_to_pytorch(HookContext& context);  // plugin spec, "Environment", 6
Result<void> add_nvidia_gpus(HookContext& context);      // hooks/nvidia.h
Result<void> add_mellanox_hcas(HookContext& context);    // hooks/mellanox.h

}  // namespace pyxis
