// The hooks that specifications of devices ask for (OCI runtime specification, config.md, "POSIX-platform
// Hooks"). What a runtime with privilege does in several namespaces is done in the container's here: a user
// has nothing to do in others.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/devices.h"

namespace pyxis {

// The container as hooks are told of it.
struct HookedRoot {
  std::string container;  // its name
  std::string rootfs;     // the path of its root file system
  bool writable = true;
};

// Those of prestart, createRuntime and createContainer, in this order: with all mounts in place, before the
// root is entered, with all capabilities in the container's namespaces. Each gets the container's state on
// its standard input, which names a bundle with a config.json, and its own variables alone. One that fails,
// or takes longer than it may, is an error that names it, with what it printed.
Result<void> run_device_hooks(const DevicePlan& plan, const HookedRoot& root);
// Those of startContainer, which are programs of the container, inside.
Result<void> run_start_hooks(const DevicePlan& plan, const HookedRoot& root);

}  // namespace pyxis
