// Layers of one image: downloaded, verified, unpacked and published, several at a time.
#pragma once

#include <functional>
#include <span>

#include "base/result.h"
#include "engine/reporter.h"
#include "image/manifest.h"
#include "layer/unpack.h"
#include "registry/client.h"
#include "store/layers.h"
#include "store/store.h"

namespace pyxis {

// Gives the bytes of a blob to the sink, once and in order, as Client::fetch_blob() does. Called by many
// threads.
using FetchBlob = std::function<Result<void>(const Descriptor& blob, const BlobSink& sink)>;

// Afterwards every layer is present. At most `workers` layers at once;
// memory is bounded by that number, not by the layers' sizes. The first error stops all workers and is the
// one returned.
Result<void> import_layers(const Store& store, const FetchBlob& fetch, std::span<const Descriptor> layers,
                           unsigned workers, Reporter& reporter);

// What the store keeps of a layer beside its files.
LayerMeta layer_meta(uint64_t blob_bytes, const LayerFacts& facts);
LayerForm layer_form(const Store& store);

}  // namespace pyxis
