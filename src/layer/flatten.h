// Layers applied into one ordinary directory, for stores whose file system or kernel cannot do overlays.
#pragma once

#include <span>

#include "base/result.h"

namespace pyxis {

// Applies `layers` (descriptors of unpacked layers in either form, bottom first) into `destination`, an empty
// directory of the caller's: whiteouts and opaque directories take effect and none is left, hard links within
// a layer stay hard links, holes stay holes, modes, times and user.* attributes are kept. Data is shared with
// the layers where the file system can (FICLONE), else copied within the kernel. Layers are as unpack_layer()
// makes them (directories readable by their owner, bounded depth). Errors name the path.
Result<void> flatten_layers(std::span<const int> layers, int destination);

}  // namespace pyxis
