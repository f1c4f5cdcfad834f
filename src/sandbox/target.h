// Finding and making mount points inside a root that an image's author filled with links of his choice.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace pyxis {

// The lexical check of a target: "..", counted from the root, may not go above it. EXDEV ("Invalid
// cross-device link"), as openat2(2) answers under RESOLVE_BENEATH. `/`, `./` and no prefix all mean the
// root.
Result<void> check_target(const std::string& target);

// O_PATH descriptor of `target`, resolved as in a chroot to `root` (openat2(2), RESOLVE_IN_ROOT): links of
// the image, absolute ones and those with "..", end inside the root; procfs' magic links are refused.
Result<Fd> open_target(int root, const std::string& target);

enum class NodeKind { directory, file };
// The same, and what is missing on the way is made, also behind a dangling link: directories 0755, an empty
// file 0644. What exists is left alone, whatever it is.
Result<Fd> make_target(int root, const std::string& target, NodeKind kind);

}  // namespace pyxis
