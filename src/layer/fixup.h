// What a layer cannot say alone, because it depends on the layers below it in an image, goes into a small
// layer of its own, the fixup, which is stacked directly above the layer. So the layer itself stays what its
// digest says.
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "layer/entry_path.h"

namespace pyxis {

// A directory of the fixup and the one of the layer it stands above.
struct FixupPlace {
  Fd fixup, layer;
};

// Opens the directories on the way to `path`, making those the fixup lacks as they are in `layer` (mode,
// time, user.*). The caller sets the last one's time again after adding to it.
Result<FixupPlace> make_fixup_parents(const EntryPath& path, int layer, int fixup);

}  // namespace pyxis
