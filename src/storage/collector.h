// What goes from the shared store when it is full: images that nobody has used for longest, with the layers
// that no other image has. Never what is used by a step, pinned, or stood on by a container.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "storage/kept.h"
#include "store/collection.h"
#include "store/store.h"

namespace pyxis {

struct ShareLimits {
  std::optional<uint64_t> bytes;     // of layers
  std::optional<unsigned> percent;   // of the file system that may be in use, whoever uses it
  std::optional<uint64_t> max_days;  // without a use
  std::vector<Digest> images;        // these go, also if they were used a moment ago
};

// For the store's user, with what root has seen. Nothing is removed where `dry_run`. What has to go is
// renamed first, so the store is held up shortly; what that leaves is removed afterwards.
Result<Collection> collect_shared(const Store& store, const std::string& root, const ShareLimits& limits,
                                  const UserContainers& containers, bool dry_run);

// The limit in bytes that `limits` come down to now; nothing where none is exceeded.
Result<std::optional<uint64_t>> exceeded_limit(const Store& store, const ShareLimits& limits,
                                               uint64_t layer_bytes);

// "500G", "80%".
Result<void> parse_share_limit(ShareLimits& limits, std::string_view text);

}  // namespace pyxis
