// Hard links to files of earlier layers: a tar of differences names the file, a layer's directory does not
// have it.
#pragma once

#include <span>
#include <vector>

#include "layer/unpack.h"

namespace pyxis {

// Copies every link's target, looked up through `lower_layers` (what lies below `layer` in the image, top
// first, in either form, with their fixups; whiteouts and opaque directories obeyed, symbolic links not
// followed), to the link's path in `fixup`: a directory that the caller stacks directly above `layer`, the
// unpacked layer the links came from. Parent directories are made with the modes and times they have in
// `layer`. Links with one target become hard links to one copy. Errors: a target that is absent, hidden or a
// directory, naming link and target.
Result<void> resolve_external_links(const std::vector<ExternalLink>& links, int layer, int fixup,
                                    std::span<const int> lower_layers);

}  // namespace pyxis
