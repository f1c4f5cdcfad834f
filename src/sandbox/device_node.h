// A device of the node's at a path in a container. Users cannot make device nodes (mknod(2)): the node's own
// are mounted.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "sandbox/mount_api.h"

namespace pyxis {

// Shows `device` (O_PATH) at `path`, resolved inside `root` as all targets are. Where that device is there
// already, usable, nothing is done. Where a directory of the node's own /dev would have to get a new name,
// which is not for a user to make, and not for root in a container either, the container gets a directory of
// its own in the place of that, with all that the node's has. Called in the container's namespaces before its
// root is entered, with the node's /dev in reach.
Result<void> place_device(int device, const std::string& path, int root, const MountApi& api = mount_api());

}  // namespace pyxis
