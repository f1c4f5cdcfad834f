// An image's layers go into the node's shared store: those that it wants of this user, each downloaded
// straight into a pipe of the storage helper's.
#pragma once

#include <span>
#include <stop_token>

#include "base/result.h"
#include "engine/reporter.h"
#include "engine/shared_store.h"
#include "importer/layer_import.h"

namespace pyxis {

// Afterwards the image is in the shared store and granted; gives the bytes of its layers, unpacked. `image`
// is the request `begin`. At most `workers` layers at once. Where somebody else brings a layer, that is
// waited for.
Result<uint64_t> upload_image(SharedStore& shared, const StorageRequest& image,
                              std::span<const Descriptor> layers, const FetchBlob& fetch, unsigned workers,
                              Reporter& reporter, const std::stop_token& stop);

}  // namespace pyxis
