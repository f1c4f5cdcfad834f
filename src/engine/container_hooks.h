// The hooks of a start, the engine's own and those of hooks.d: what they get, and what they hand back.
#pragma once

#include <string>
#include <vector>

#include "base/environment.h"
#include "base/result.h"
#include "engine/config_script.h"
#include "engine/configuration.h"
#include "engine/settings.h"
#include "hooks/accounts.h"
#include "sandbox/fstab.h"

namespace pyxis {

// What a start has settled before its hooks run.
struct HookSettings {
  bool remap_root = false, writable = false, mount_home = false;
  bool own_cgroups = false;  // it has a cgroup namespace
  AccountEntry user;
  std::vector<std::string> later;  // targets of the mounts that follow
};

// What the user gave for this start alone.
struct GivenForStart {
  const ConfigScript* script = nullptr;  // outlives the plan
  std::vector<std::string> environment;  // "NAME=value", over all others
  std::vector<std::string> unset;        // names that the container does not have
};

// The container as hooks find it and leave it.
struct HookedContainer {
  int rootfs = -1;                      // the top directory of the mounted root file system
  std::string rootfs_path;              // the same by path
  Environment environment;              // the container's own variables
  std::vector<MountEntry> late_mounts;  // what hooks have asked for
};

// The hooks of one start.
struct HookPlan {
  std::vector<ConfiguredHook> hooks;
  HookSettings of_start;
  Environment host;         // of the job, with the settings of enroot.conf
  Environment environment;  // of programs
  std::string directory;    // where programs get the files to write to
  GivenForStart given;
};

// Called on the host. A program's environment is that of the job, with the settings in effect (a flag that is
// off is not set), and what leads to common.sh and enroot-mount.
Result<HookPlan> plan_hooks(std::vector<ConfiguredHook> hooks, const Settings& settings,
                            HookSettings of_start, GivenForStart given);

// Sets the variables given, then runs the hooks one after another, hooks() of the config script last, up to
// the first that fails, and takes over what each program has written to $ENROOT_MOUNTS and $ENROOT_ENVIRON;
// then its mounts(). Errors name the hook. Called in the container's namespaces, with capabilities.
Result<void> run_hooks(const HookPlan& plan, HookedContainer& container);

}  // namespace pyxis
