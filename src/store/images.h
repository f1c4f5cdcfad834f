// Images in the store: a manifest and a config over layers; and names, as they were last resolved.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "image/digest.h"
#include "store/store.h"

namespace pyxis {

// One layer of an image, bottom first in lists. What of a layer depends on those below it (hard links to
// their files, modes of directories it only implies) is in images/<digest>/fixups/<index>, stacked directly
// above it.
struct StoredImage {
  Digest digest;                 // of the manifest
  std::string reference;         // the name it was imported by
  std::string manifest, config;  // the bytes as downloaded
  std::vector<Digest> layers;    // bottom first
  std::vector<size_t> fixups;    // indices of layers
  uint64_t created = 0;          // seconds since 1970, import time
  bool shared = false;           // its layers and fixups are not in this store (shared_images.h)
  uint64_t shared_bytes = 0;     // of these layers, unpacked
  std::string boot_id;           // it was published under; set by publish_image()
};

// Present means: published, every layer present, and what it has beside manifest and config (fixups) not lost
// in a crash, as with layers (layers.h). Of one with shared layers: the store has a way to these.
Result<std::optional<StoredImage>> find_image(const Store& store, const Digest& digest);
// One with shared layers that this process has no way to.
bool out_of_reach(const Store& store, const Digest& digest);
Result<std::vector<StoredImage>> list_images(const Store& store);
// Publishes an image. `staging` may hold fixups/<index>/; the rest is written from `image`. Being there
// already is fine.
Result<void> publish_image(const Store& store, StagingDirectory staging, const StoredImage& image);
// Makes the image and its layers durable (layers.h). One that is not present, or whose layers are elsewhere,
// is none of this store's.
Result<void> make_image_durable(const Store& store, const Digest& digest);
// The directories of the layers and fixups, bottom first: what a root file system is stacked from. Paths, for
// an overlay takes only directories that were looked up in its own mount namespace. Not of a shared image.
Result<std::vector<std::string>> image_layer_paths(const Store& store, const StoredImage& image);

struct ResolvedName {
  std::string reference;  // canonical, with platform: "docker://registry/repo:tag linux/amd64"
  Digest pointed_to;      // what the registry says the name is: a manifest's or an index's digest
  Digest manifest;        // the manifest for the platform
  uint64_t resolved = 0;  // seconds since 1970; set by record_name()
};
Result<std::optional<ResolvedName>> find_name(const Store& store, const std::string& reference);
Result<void> record_name(const Store& store, const ResolvedName& name);

}  // namespace pyxis
