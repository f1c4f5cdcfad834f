// The image of a bundle as files.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/settings.h"

namespace pyxis {

// Writes the root file system into `destination`, an empty directory. `mount_point` is another one.
Result<void> extract_image(const std::string& bundle_path, int destination, const std::string& mount_point,
                           const Settings& settings);

}  // namespace pyxis
