// From a reference to an image in the store: what is missing is downloaded and unpacked, a layer per worker.
#pragma once

#include "base/result.h"
#include "engine/reporter.h"
#include "engine/settings.h"
#include "image/platform.h"
#include "image/reference.h"
#include "store/images.h"
#include "store/store.h"

namespace pyxis {

struct ImportRequest {
  Reference reference;
  Platform platform;
  std::string shown_as;  // the name as the user gave it, for messages
};

// The image, present in the store afterwards. Asks the registry what a tag points to (one HEAD request); a digest that
// is present needs no network. Where the registry cannot be reached, the image a tag pointed to last is used, with a
// warning. Many processes may import one image at once: each layer is downloaded once.
Result<StoredImage> import_image(const Store& store, const Settings& settings, const ImportRequest& request,
                                 Reporter& reporter);

// The digest of the manifest for a platform, from the registry.
Result<Digest> resolve_digest(const Settings& settings, const ImportRequest& request, Reporter& reporter);

}  // namespace pyxis
