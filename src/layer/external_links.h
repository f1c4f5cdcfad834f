// Hard links to files of earlier layers: a tar of differences names the file, a layer's directory does not have it.
#pragma once

#include <span>
#include <vector>

#include "layer/unpack.h"

namespace pyxis {

// Copies every link's target, looked up through `lower_layers` (top first, either form, whiteouts and opaque
// directories obeyed, symbolic links not followed), to the link's path in `fixup`: an empty directory that the caller
// then stacks directly above `layer`, the unpacked layer the links came from. Parent directories are made with the
// modes and times they have in `layer`. Links with one target become hard links to one copy.
// Errors: a target that is absent, hidden or a directory, naming link and target.
Result<void> resolve_external_links(const std::vector<ExternalLink>& links, int layer, int fixup,
                                    std::span<const int> lower_layers);

}  // namespace pyxis
