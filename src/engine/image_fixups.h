// What the layers of an image cannot have by themselves (store/images.h, fixups).
#pragma once

#include "base/result.h"
#include "store/images.h"

namespace pyxis {

// Makes fixups/<index> in `staging`, the directory of an image that is about to be published and whose layers
// are present, and lists them in the image.
Result<void> make_fixups(const Store& store, StoredImage& image, int staging);

}  // namespace pyxis
