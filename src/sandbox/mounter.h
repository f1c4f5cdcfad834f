// Executes planned mounts. The process must be privileged in the user namespace that owns its mount
// namespace.
#pragma once

#include <vector>

#include "base/result.h"
#include "sandbox/mount_api.h"
#include "sandbox/mount_plan.h"

namespace pyxis {

// Sources are resolved as the process sees them (its root and working directory), targets inside `root`, a
// descriptor of the new root's top directory, and never out of it. Errors: "mount SOURCE on TARGET: cause";
// "source path does not exist: PATH" (ENOENT); EXDEV for a target that leaves the root; EBUSY for the root
// itself.
Result<void> execute_mount(const PlannedMount& mount, int root, const MountApi& api = mount_api());
// In order, up to the first failure that is not `nofail`. Errors begin with the mount's origin.
Result<void> execute_mounts(const std::vector<PlannedMount>& mounts, int root,
                            const MountApi& api = mount_api());

}  // namespace pyxis
