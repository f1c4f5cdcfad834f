// Directories below the root of a container, whose links are hostile.
#pragma once

#include <string>

#include "base/result.h"

namespace pyxis {

// mkdir -p below `root`, a directory descriptor; links are resolved inside it, also those to what is not
// there yet.
Result<void> make_directories_in_root(int root, const std::string& path, unsigned mode);

}  // namespace pyxis
