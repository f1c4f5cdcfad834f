// What programs read first of image files, a list per file (squash/read_list.h): reads/<key>.
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "store/store.h"

namespace pyxis {

// The list of the image file that is open as `image`, for reading and writing; an empty one where there is
// none yet. A file that was changed has another one. Of many, those that were not opened for longest go.
Result<Fd> open_read_list(const Store& store, int image);

}  // namespace pyxis
