#include "importer/archive_source.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <vector>

#include "base/fs.h"
#include "base/text.h"
#include "image/config.h"
#include "image/saved_images.h"
#include "importer/archive.h"
#include "importer/local_resolve.h"
#include "importer/watched_source.h"

namespace pyxis {
namespace {

class ArchiveSource : public ImageSource {
 public:
  ArchiveSource(Archive archive, ArchiveKind kind, std::string shown_as)
      : archive_(std::move(archive)), kind_(kind), shown_as_(std::move(shown_as)) {}

  Result<ResolvedImage> resolve(const Platform& platform) override {
    return TRY_CONTEXT(kind_ == ArchiveKind::oci_layout ? resolve_layout(platform) : resolve_saved(),
                       shown_as_);
  }

  Result<std::string> config(const Descriptor& config) override { return document(config); }

  Result<void> bring_layers(std::span<const Descriptor> layers) override {
    for (const auto& layer : layers) TRY_CONTEXT(archive_.publish_layer(layer.digest), shown_as_);
    return ok();
  }

 private:
  Result<std::string> named(const std::string& path, const std::string& remedy) const {
    auto member = archive_.find(path);
    const auto* bytes = member ? archive_.document(member->digest) : nullptr;
    if (!bytes) return fail("it has no " + printable(path), remedy);
    return *bytes;
  }

  // Found by its digest, so it is what it should be.
  Result<std::string> document(const Descriptor& wanted) const {
    const auto* bytes = archive_.document(wanted.digest);
    if (!bytes) return fail("it has no document " + wanted.digest.text());
    return *bytes;
  }

  Result<ResolvedImage> resolve_layout(const Platform& platform) const {
    auto index = TRY(named("index.json", "an archive that `docker save` wrote is docker-archive:FILE"));
    return resolve_in_layout(index, {}, platform, [this](const Descriptor& each) { return document(each); });
  }

  Result<SavedImage> only_image() const {
    auto text = TRY(named("manifest.json", "an archive of an OCI layout is oci-archive:FILE"));
    auto images = TRY(parse_saved_images(text));
    if (images.empty()) return fail("it holds no image");
    if (images.size() == 1) return std::move(images.front());
    std::vector<std::string> names;
    for (const auto& image : images) names.push_back(printable(join(image.names, ", ").substr(0, 200)));
    return fail("it holds several images: " + join(names, "; ").substr(0, 2000),
                "save one of them by itself");
  }

  // A layer's digest is not given as such. Its path has it, or the image's configuration has that of the
  // uncompressed layer; the configuration's own digest is what the program that saved the image calls it by.
  Result<Descriptor> layer(const std::string& path, const std::optional<Digest>& uncompressed) const {
    auto member = archive_.find(path);
    if (!member) return fail("it has no " + printable(path));
    bool right = path == "blobs/" + member->digest.algorithm() + "/" + member->digest.hex() ||
                 (uncompressed && member->digest == *uncompressed);
    if (!right)
      return fail("layer " + printable(path) + " is not what the image's configuration says",
                  "it was altered or damaged: save the image again");
    Descriptor descriptor;
    descriptor.digest = member->digest;
    descriptor.size = member->size;
    return descriptor;
  }

  Result<ResolvedImage> resolve_saved() const {
    auto saved = TRY(only_image());
    auto bytes = TRY(named(saved.config, "save the image again"));
    auto parsed = TRY_CONTEXT(parse_config(bytes), "image configuration");
    ResolvedImage image;
    image.parsed.config.digest = Digest::of(bytes);
    image.parsed.config.size = bytes.size();
    for (size_t i = 0; i < saved.layers.size(); ++i) {
      auto uncompressed = i < parsed.diff_ids.size() ? std::optional(parsed.diff_ids[i]) : std::nullopt;
      image.parsed.layers.push_back(TRY(layer(saved.layers[i], uncompressed)));
    }
    image.manifest.bytes = make_manifest(image.parsed.config, image.parsed.layers);
    image.index_digest = image.manifest_digest = image.manifest.digest = Digest::of(image.manifest.bytes);
    return image;
  }

  Archive archive_;
  ArchiveKind kind_;
  std::string shown_as_;
};

}  // namespace

Result<std::unique_ptr<ImageSource>> read_archive_source(const SourceContext& context, ArchiveKind kind,
                                                         ByteSource& input, const std::string& shown_as) {
  WatchedSource watched(input, context.reporter, context.stop);
  auto archive = TRY_CONTEXT(Archive::read(watched, context.store), shown_as);
  return std::unique_ptr<ImageSource>(std::make_unique<ArchiveSource>(std::move(archive), kind, shown_as));
}

Result<std::unique_ptr<ImageSource>> open_archive_source(const SourceContext& context, ArchiveKind kind) {
  const auto& path = context.request.reference.path;
  auto file = TRY(open_path(path, O_RDONLY | O_NONBLOCK));
  struct stat info;
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return fail(path + " is not a regular file");
  FdSource input(file.get());
  return read_archive_source(context, kind, input, path);
}

}  // namespace pyxis
