// From a reference to an image in the store: what is missing is downloaded and unpacked, a layer per worker.
#pragma once

#include <stop_token>

#include "base/result.h"
#include "engine/import.h"
#include "engine/reporter.h"
#include "engine/settings.h"
#include "store/store.h"

namespace pyxis {

// The digest of the image, which is in the store afterwards. Ends soon with ECANCELED once `stop` is
// requested, and leaves nothing half done.
Result<Digest> download_image(const Store& store, const Settings& settings, const ImportRequest& request,
                              Reporter& reporter, const std::stop_token& stop);

}  // namespace pyxis
