// The hooks of hooks.d: their environment, and what they hand back.
#pragma once

#include <string>
#include <vector>

#include "base/environment.h"
#include "base/result.h"
#include "engine/config_script.h"
#include "engine/settings.h"
#include "sandbox/fstab.h"

namespace pyxis {

// What a start has settled before its hooks run.
struct HookSettings {
  bool remap_root = false, writable = false, mount_home = false;
};

// What the user gave for this start alone.
struct GivenForStart {
  const ConfigScript* script = nullptr;  // outlives the plan
  std::vector<std::string> environment;  // "NAME=value", over all others
};

// The container as hooks find it and leave it.
struct HookedContainer {
  std::string rootfs;                   // path of the mounted root file system
  Environment environment;              // the container's own variables
  std::vector<MountEntry> late_mounts;  // what hooks have asked for
};

// The hooks of one start.
struct HookPlan {
  std::vector<std::string> programs;
  Environment environment;
  std::string directory;  // where hooks get the files to write to
  GivenForStart given;
};

// Called on the host. A hook's environment is that of the job, with the settings in effect (a flag that is
// off is not set), and what leads to common.sh and enroot-mount.
Result<HookPlan> plan_hooks(std::vector<std::string> programs, const Settings& settings,
                            const HookSettings& of_start, GivenForStart given);

// Sets the variables given, then runs the programs one after another, hooks() of the config script last, up
// to the first that fails, and takes over what each has written to $ENROOT_MOUNTS and $ENROOT_ENVIRON; then
// its mounts(). Errors name the hook. Called in the container's namespaces, with capabilities.
Result<void> run_hooks(const HookPlan& plan, HookedContainer& container);

}  // namespace pyxis
