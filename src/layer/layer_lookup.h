// Finds what a path shows in a stack of unpacked layers, as overlayfs would.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <span>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "layer/entry_path.h"

namespace pyxis {

struct FoundNode {
  Fd parent;  // the directory that has the node under the path's last name
  struct stat info;
};

// In `layers`, top first, either form. Nothing where no layer has the path or a higher one hides it. No
// symbolic link is followed: one on the way hides the path.
Result<std::optional<FoundNode>> find_in_layers(std::span<const int> layers, const EntryPath& path);

}  // namespace pyxis
