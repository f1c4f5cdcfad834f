// Mounts as users write them: SRC:DST[:FLAGS] (plugin spec, "Mounts").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/step.h"

namespace pyxis {

// SRC:DST[:FLAGS],... or SRC alone. Sources stay as given. Flags become mount options: a bind is recursive
// unless the flags say `bind`, and the mount point is created to match the source. Errors name the entry.
Result<std::vector<MountRequest>> parse_mount_list(std::string_view text);

}  // namespace pyxis
