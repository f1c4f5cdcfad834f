// --container-mounts.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "contract/step.h"

namespace pyxis::spank {

// As parse_mount_list() reads it; errors name the option.
Result<std::vector<MountRequest>> parse_mounts(const std::string& text);

// Makes relative sources absolute against the job's working directory. Whether they are there the engine
// looks, where it starts a container and does not join one.
void resolve_sources(std::vector<MountRequest>& mounts, const std::string& directory);

// A recursive bind of `path` at its own place, for the sake of the step, with more options ("" or "ro").
MountRequest bind_in_place(const std::string& path, const std::string& options);

}  // namespace pyxis::spank
