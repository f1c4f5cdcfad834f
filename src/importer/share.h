// An image of a registry goes into the node's shared store: those of its layers that this wants of the user,
// each downloaded straight into a pipe of the storage helper's. The user's own store gets to know the image.
//
// Nothing is unpacked here, so the program that does this need not load what unpacks: where all layers are
// there, and mostly they are, a start waits for that.
#pragma once

#include <stop_token>

#include "base/result.h"
#include "engine/import.h"
#include "engine/reporter.h"
#include "engine/shared_store.h"
#include "store/store.h"

namespace pyxis {

// The digest of the image, which is in the shared store afterwards, and granted. Where somebody else brings a
// layer, that is waited for. Ends soon with ECANCELED once `stop` is requested.
Result<Digest> share_image(const Store& store, SharedStore& shared, const Settings& settings,
                           const ImportRequest& request, Reporter& reporter, const std::stop_token& stop);

}  // namespace pyxis
