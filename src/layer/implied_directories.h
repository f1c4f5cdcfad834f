// Directories that an archive only implies: "tmp/x" without an entry "tmp/". In the stacked image they would
// show the layer's 0755, not what an earlier layer gave them (1777 of /tmp, 0700 of /root).
#pragma once

#include <set>
#include <span>
#include <string>

#include "base/result.h"

namespace pyxis {

// Makes those of `directories` (see LayerFacts) whose mode is another in `lower_layers` in `fixup`, with the
// mode and time from there; the directories and their order are those of resolve_external_links(), which may
// fill the same fixup. True if there was one: without external links a fixup that stayed empty need not be
// stacked.
Result<bool> restore_implied_directories(const std::set<std::string>& directories, int layer, int fixup,
                                         std::span<const int> lower_layers);

}  // namespace pyxis
