// Images whose layers lie in a store of the node that no user can look into. A user's own store knows such an
// image by its manifest and configuration, and gets its layers as mounts.
#pragma once

#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "image/digest.h"

namespace pyxis {

class SharedImages {
 public:
  SharedImages() = default;
  SharedImages(const SharedImages&) = delete;
  SharedImages& operator=(const SharedImages&) = delete;
  virtual ~SharedImages() = default;

  // Mounts that are attached nowhere yet (open_tree(2)), top first, of the image's layers and fixups.
  virtual Result<std::vector<Fd>> layers(const Digest& image) = 0;
  // A container of the image, whose layers could be had just now, is about to be made at this path: it can
  // have them later, too.
  virtual Result<void> keep(const Digest& image, const std::string& container) = 0;
};

}  // namespace pyxis
