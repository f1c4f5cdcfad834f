// Devices by the Container Device Interface: what a start that asks for some is to change in the container.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cdi/edits.h"
#include "cdi/registry.h"
#include "engine/reporter.h"
#include "engine/settings.h"
#include "sandbox/fstab.h"

namespace pyxis {

// The node's specifications, of the directories that the settings name. As with all configuration, what
// others could have written counts for nothing: hooks in it are executed.
cdi::Registry read_specifications(const Settings& settings);

struct DevicePlan {
  cdi::Edits edits;
  bool nvidia_gpus = false;  // are asked for, though there may be none: nothing else is to see to them
  std::string directory;     // of the caller's, for hooks; empty where there are none
};

// Finds the devices in the specifications of this node. VENDOR/CLASS=slurm is those of that kind that Slurm
// has allocated; where it has none, that is an error, unless the site and not the user has asked
// (`by_default`). Errors name the device, or file and field of a specification, or what is not on this node.
// A group that the user is not in is a warning: a process without privilege cannot enter one.
Result<DevicePlan> plan_devices(const std::vector<std::string>& names, bool by_default,
                                const Settings& settings, Reporter& reporter);

std::vector<MountEntry> device_mounts(const DevicePlan& plan);

// Shows the device nodes below `rootfs` (sandbox/device_node.h). Called in the container's namespaces.
Result<void> place_device_nodes(const DevicePlan& plan, int rootfs);

}  // namespace pyxis
