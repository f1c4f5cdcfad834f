// The sources of --container-mounts.
#pragma once

#include <vector>

#include "base/result.h"
#include "contract/step.h"

namespace pyxis {

// Error where one that the user has asked for is not on this node: "--container-mounts: source path does not
// exist: PATH". For a container that is made or started, before hours of work; one that is joined gets none.
Result<void> check_mount_sources(const std::vector<MountRequest>& mounts);

}  // namespace pyxis
