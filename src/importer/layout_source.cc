#include "importer/layout_source.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <vector>

#include "base/fs.h"
#include "base/text.h"
#include "importer/layer_import.h"
#include "importer/local_resolve.h"

namespace pyxis {
namespace {

class LayoutSource : public ImageSource {
 public:
  LayoutSource(const SourceContext& context, Fd directory, std::string index)
      : context_(context), directory_(std::move(directory)), index_(std::move(index)) {}

  Result<ResolvedImage> resolve(const Platform& platform) override {
    auto find = [this](const Descriptor& document) { return small(document, max_manifest_bytes); };
    const auto& reference = context_.request.reference;
    return TRY_CONTEXT(resolve_in_layout(index_, reference.tag, platform, find), reference.canonical());
  }

  Result<std::string> config(const Descriptor& config) override { return small(config, max_config_bytes); }

  Result<void> bring_layers(std::span<const Descriptor> layers) override {
    auto fetch = [this](const Descriptor& layer, const BlobSink& sink) { return stream(layer, sink); };
    return import_layers(context_.store, fetch, layers, context_.settings.max_processors, context_.reporter);
  }

 private:
  // Links in the directory are its owner's affair as long as they stay in it.
  Result<Fd> open_blob(const Digest& digest) const {
    auto file = TRY_CONTEXT(open_in_root(directory_.get(), "blobs/" + digest.algorithm() + "/" + digest.hex(),
                                         O_RDONLY | O_NONBLOCK),
                            context_.request.reference.path);
    struct stat info;
    if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode))
      return fail(digest.text() + " is not a regular file");
    return file;
  }

  Result<std::string> small(const Descriptor& blob, size_t limit) const {
    if (blob.size > limit) return fail(blob.digest.text() + ": " + human_bytes(blob.size) + " is too large");
    std::string bytes;
    TRY(stream(blob, [&](std::span<const std::byte> data) {
      bytes.append(reinterpret_cast<const char*>(data.data()), data.size());
      return ok();
    }));
    return bytes;
  }

  Result<void> stream(const Descriptor& blob, const BlobSink& sink) const {
    auto file = TRY(open_blob(blob.digest));
    Hasher hasher(blob.digest.algorithm());
    std::vector<std::byte> buffer(256u << 10);
    uint64_t size = 0;
    for (;;) {
      if (context_.stop.stop_requested()) return sys_error("interrupted", ECANCELED);
      ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
      if (got < 0) return sys_error(blob.digest.text());
      if (got == 0) break;
      size += static_cast<uint64_t>(got);
      if (size > blob.size) break;
      std::span<const std::byte> data(buffer.data(), static_cast<size_t>(got));
      hasher.update(data);
      TRY(sink(data));
    }
    if (size != blob.size)
      return fail(blob.digest.text() + " is not of " + std::to_string(blob.size) +
                  " bytes, as its manifest says");
    if (auto found = hasher.finish(); found != blob.digest)
      return fail(blob.digest.text() + " has the digest " + found.text(),
                  "it was altered or damaged: copy it again");
    return ok();
  }

  SourceContext context_;
  Fd directory_;
  std::string index_;
};

}  // namespace

Result<std::unique_ptr<ImageSource>> open_layout_source(const SourceContext& context) {
  const auto& path = context.request.reference.path;
  auto directory = TRY(open_path(path, O_RDONLY | O_DIRECTORY));
  auto file = open_in_root(directory.get(), "index.json", O_RDONLY | O_NONBLOCK);
  if (!file.ok())
    return std::move(file).error().context(path).with_remedy(
        "this directory is no OCI layout, which has an index.json");
  auto index = TRY_CONTEXT(read_fd(file->get(), max_manifest_bytes), path + "/index.json");
  return std::unique_ptr<ImageSource>(
      std::make_unique<LayoutSource>(context, std::move(directory), std::move(index)));
}

}  // namespace pyxis
