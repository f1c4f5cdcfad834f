// Layers in the store, keyed by the digest of the blob as it was downloaded.
//
// A published layer is complete, but its files may not be on disk yet. meta.json names the boot it was
// published under; a file `durable` is added once a later syncfs has written everything. A layer without that
// mark from another boot may have lost data in a crash: it counts as absent, and is removed by whoever
// imports it next.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "image/digest.h"
#include "store/store.h"

namespace pyxis {

// A hard link to a file of an earlier layer: it exists only on top of the layers of an image (see images.h,
// fixups).
struct LayerLink {
  std::string path, target;
};

struct LayerMeta {
  uint64_t blob_bytes = 0;        // as downloaded
  uint64_t files = 0, bytes = 0;  // as unpacked
  std::vector<LayerLink> links;
  std::set<std::string> implied_directories;  // made because the archive had something below them
  bool hides_below = false;                   // its root is opaque: no layer below it is part of the image
};

Result<bool> layer_present(const Store& store, const Digest& digest);
Result<LayerMeta> read_layer_meta(const Store& store, const Digest& digest);
// Waits until nobody else imports this layer. Hold the descriptor while importing it, and ask layer_present
// again.
Result<Fd> lock_layer(const Store& store, const Digest& digest);
// Publishes a staging directory that holds fs/. Needs the layer's lock. Error: `meta` is longer than it could
// be read.
Result<void> publish_layer(const Store& store, const Digest& digest, StagingDirectory staging,
                           const LayerMeta& meta);
// Syncs the store and marks the layers published so far under this boot as durable; and `image`, where one is
// named, which must be present (images.h). Where all have the mark, nothing is synced.
Result<void> make_layers_durable(const Store& store, const std::vector<Digest>& digests,
                                 const Digest& image = {});

}  // namespace pyxis
