// Who may have what of the shared store (layout.h).
//
// An image is granted to a user who has brought each of its layers, or whose identity a registry has let read
// the image at a place that its layers are known to come from. A place is known from users who brought the
// layer from there, bytes and all: somebody who only claims that his registry has a layer gets nothing by it.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <vector>

#include "base/result.h"
#include "contract/storage.h"
#include "store/store.h"

namespace pyxis {

class Grants {
 public:
  // Of one user.
  static Result<Grants> open(const Store& store, uid_t user);

  Result<void> grant(const Digest& image, const ImageOrigin& origin) const;
  void revoke(const Digest& image) const;
  // Where it was granted; empty: the user brought it from no registry.
  std::optional<ImageOrigin> granted_from(const Digest& image) const;

  // As long as the container at this path, the user's, stands on it (collector.h). EDQUOT: there are a
  // thousand.
  Result<void> keep(const Digest& image, const std::string& container) const;
  bool kept(const Digest& image) const;

  // The user has brought the layer: steps that start at the same time need not all do that.
  Result<void> note_proof(const Digest& layer) const;
  bool proven_lately(const Digest& layer) const;

  Result<void> note_origin(const Digest& layer, const ImageOrigin& origin) const;
  bool comes_from(const Digest& layer, const ImageOrigin& origin) const;

 private:
  Fd grants_, kept_, proven_, origins_;
};

// The places that all of these layers were brought from, as those who brought them have said. Nothing where
// that cannot be read.
std::set<ImageOrigin> common_origins(const Store& store, const std::vector<Digest>& layers);

}  // namespace pyxis
