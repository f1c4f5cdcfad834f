// Images, asked for and brought into the store by processes of their own.
//
// `pyxis-import` and `pyxis-ask` hold all that speaks with networks and reads archives, and the libraries for
// that; the engine starts them where it needs an image. So what parses hostile bytes never holds a container.
#pragma once

#include <memory>
#include <optional>

#include "base/result.h"
#include "contract/reference.h"
#include "engine/helper.h"
#include "engine/import_news.h"
#include "engine/reporter.h"
#include "engine/settings.h"
#include "image/platform.h"
#include "store/images.h"
#include "store/store.h"

namespace pyxis {

struct ImportRequest {
  Reference reference;
  Platform platform;
  std::string shown_as;  // the name as the user gave it, for messages
  // What the name is to mean, where that has been found out: an index's or a manifest's digest.
  std::optional<Digest> pin = std::nullopt;
  // What a name was last resolved to counts for so many seconds without asking the registry again.
  uint64_t good_for = 0;
};

// The name under which a request's image is recorded in the store: one per platform.
std::string recorded_name(const ImportRequest& request);

// Error for a kind of image that this release has no importer for: image files, and addresses of such.
Result<void> check_importable(const Reference& reference);

// The image, present in the store afterwards. Asks the registry what a tag points to (one HEAD request); a
// digest that is present needs no network. Where the registry cannot be reached, the image a tag pointed to
// last is used, with a warning. Many processes may import one image at once: each layer is downloaded once.
// ECANCELED where a signal asked this process or the import to end meanwhile: it is caught, and nothing half
// done is left.
Result<StoredImage> import_image(const Store& store, const Settings& settings, const ImportRequest& request,
                                 Reporter& reporter);

// The path of an image file in the store, which is what that address has now (importer/url_image.h). It stays
// while the caller holds images (store/collection.h).
Result<std::string> bring_image_file(const Settings& settings, const ImportRequest& request,
                                     Reporter& reporter);

// What the name points to in its registry now: an index's digest, or a manifest's. A registry that does not
// answer soon is not waited for.
Result<Digest> ask_what_is_meant(const Settings& settings, const ImportRequest& request, Reporter& reporter);

// The digest of the manifest for a platform, from the registry.
Result<Digest> resolve_digest(const Settings& settings, const ImportRequest& request, Reporter& reporter);

// Tells what SharedStore::settle() has warned of.
void warn_of_shared(Reporter& reporter, const std::string& shown_as, const std::string& warning);

// Asks the registry in the background whether a name still means the image that it was last imported as.
class NameCheck {
 public:
  // Nothing, where the image is not present and has to be imported first. One with shared layers is claimed:
  // whether it can be had turns out when its layers are wanted, or with settled().
  static Result<std::optional<NameCheck>> begin(const Store& store, const Settings& settings,
                                                const ImportRequest& request);

  const StoredImage& image() const { return image_; }
  // What the name pointed to when the image was imported.
  const Digest& pointed_to() const { return pointed_to_; }
  // Whether the image can be had. For who does not start it meanwhile.
  Result<bool> settled(Reporter& reporter);
  // Waits for the answer. False: the name means another image now. An unreachable registry is a warning and
  // true.
  Result<bool> still_current(Reporter& reporter);

 private:
  StoredImage image_;
  Digest pointed_to_;
  std::string shown_as_;
  bool pinned_ = false;  // nothing is to be asked
  bool dated_ = false;   // it is of interest when the name was resolved
  const Store* store_ = nullptr;
  ResolvedName name_;
  // The registry's answer is waited for once, by whoever needs it first.
  struct Question {
    std::optional<Helper> helper;  // none where nothing is to be asked
    std::optional<Result<NameAnswer>> answer;
  };
  static const Result<NameAnswer>& answer_to(Question& question, Reporter& reporter);

  std::shared_ptr<Question> question_;
  std::shared_ptr<SharedStore> shared_;
};

}  // namespace pyxis
