// Image files: squashfs files of images and containers (engine spec, "Image files").
#pragma once

#include <string>

#include "base/result.h"
#include "engine/reporter.h"
#include "engine/settings.h"
#include "store/containers.h"
#include "store/images.h"
#include "store/store.h"

namespace pyxis {

// Where an image file is to be, and how it is packed: checked before anything that takes long.
class ImageFileTarget {
 public:
  // Errors: the path is taken and `replace` is not set, there is no such directory, it is not writable;
  // ENROOT_SQUASH_OPTIONS or SOURCE_DATE_EPOCH make no sense. Warnings go to the reporter.
  static Result<ImageFileTarget> open(const std::string& path, bool replace, const Settings& settings,
                                      Reporter& reporter);

  const std::string& path() const { return path_; }
  int directory() const { return directory_.get(); }
  const std::string& name() const { return name_; }
  bool replace() const { return replace_; }
  std::optional<uint32_t> epoch() const { return epoch_; }

 private:
  std::string path_, name_;
  bool replace_ = false;
  Fd directory_;
  std::optional<uint32_t> epoch_;
};

// Packs an image of the store, straight from its layers. `provenance` is the name it was imported by. The
// file has its name when it is complete, and not before; ECANCELED where a signal ended it, and nothing is
// left. Single-threaded.
Result<void> write_image_file(const Store& store, const Settings& settings, const StoredImage& image,
                              const std::string& provenance, const ImageFileTarget& target,
                              Reporter& reporter);

// Packs a container as it is. One that does not run is not started by others meanwhile: they wait.
Result<void> export_container(const Store& store, const Settings& settings, const std::string& name,
                              const ImageFileTarget& target, Reporter& reporter);

}  // namespace pyxis
