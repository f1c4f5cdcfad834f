// What the store could do without: images that nothing stands on, and layers of no image.
//
//   uses/<hex of an image>         its date of change is the time of the image's last use
//             /pinned              the image stays, whatever it costs
//             /<host>-<sha256 of the path>   a container that stands on it: its path
//   locks/collection               shared: somebody makes something of images; exclusive: what goes is chosen
//
// A container says that it stands on an image before it is published, and takes that back when it goes
// (containers.h); what a killed process did not take back, a collection sees to be untrue. Another host's
// word counts as long as it is there: only that host can see whether it is still true.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "image/digest.h"
#include "store/images.h"
#include "store/store.h"

namespace pyxis {

constexpr auto collection_lock = "collection";

// Nothing is collected while the descriptor is open. Waits while somebody chooses what goes, which is short.
Result<Fd> hold_images(const Store& store);

// It was used now.
void touch_image(const Store& store, const Digest& image);
Result<void> pin_image(const Store& store, const Digest& image, bool pinned);

struct InventoryImage {
  Digest digest;
  std::string reference;
  std::vector<Digest> layers;
  uint64_t last_use = 0;  // seconds since 1970
  bool named = false;     // a name was last resolved to it
  bool pinned = false, in_use = false;
  // Its layers are in the node's store, and have so many bytes there.
  bool shared = false;
  uint64_t shared_bytes = 0;
};

struct InventoryLayer {
  Digest digest;
  uint64_t bytes = 0;      // as unpacked
  unsigned images = 0;     // that have it
  uint64_t published = 0;  // seconds since 1970
};

struct Inventory {
  std::vector<InventoryImage> images;
  std::vector<InventoryLayer> layers;  // those of no image, too

  uint64_t bytes() const;
  const InventoryLayer* layer(const Digest& digest) const;
  // Of all its layers; and of those that no other image has.
  uint64_t bytes_of(const InventoryImage& image) const;
  uint64_t own_bytes_of(const InventoryImage& image) const;
};

Result<Inventory> take_inventory(const Store& store);

struct CollectionLimits {
  std::optional<uint64_t> bytes;         // the store's layers are to have no more
  std::optional<uint64_t> unused_since;  // images whose last use was before go
  std::vector<Digest> images;            // these go
};

struct Collection {
  std::vector<InventoryImage> images;
  std::vector<Digest> layers;
  uint64_t bytes = 0;  // of these layers
};

// What a store that many fill has beside the notes in `uses`.
struct CollectionRules {
  bool names_are_kept = true;  // by this store: an image that none of them means goes
  // Layers that were published since stay, also without an image: it may be on its way.
  uint64_t fresh_since = UINT64_MAX;
  std::function<bool(const InventoryImage&)> in_use;  // besides
  // Told of what has gone while nobody can bring it again.
  std::function<void(const Collection&)> forget;
};

// Pure: what goes. First images that no name means any more and layers of no image; then what `limits` says,
// the least recently used first. Never what is pinned or in use.
Collection plan_collection(const Inventory& inventory, const CollectionLimits& limits,
                           const CollectionRules& rules = {});

// Chooses and removes. Waits until nobody holds images, which is told by `waiting`: an import can take long.
// What goes is renamed away first, so that the store is held up shortly whatever its size.
Result<Collection> collect(
    const Store& store, const CollectionLimits& limits, const std::function<void()>& waiting = [] {},
    const CollectionRules& rules = {});

}  // namespace pyxis
