#include "importer/download.h"

#include "base/disk_full.h"
#include "engine/image_fixups.h"
#include "image/config.h"
#include "image/manifest.h"
#include "importer/image_source.h"

namespace pyxis {
namespace {

// The image that is under this name already, where nothing has changed since it was imported.
Result<std::optional<Digest>> unchanged(const Store& store, const ImportRequest& request,
                                        const Digest& stamp) {
  if (stamp.empty()) return std::optional<Digest>();
  auto known = TRY(find_name(store, recorded_name(request)));
  if (!known || known->pointed_to != stamp || !TRY(find_image(store, known->manifest)))
    return std::optional<Digest>();
  return std::optional(known->manifest);
}

Result<Digest> bring_missing(const SourceContext& context) {
  const auto& [store, settings, request, reporter, stop] = context;
  auto stamp = TRY(source_stamp(context));
  if (auto present = TRY(unchanged(store, request, stamp))) return *present;
  auto source = TRY(open_source(context));
  auto resolved = TRY(source->resolve(request.platform));
  ResolvedName name{recorded_name(request), stamp.empty() ? resolved.index_digest : stamp,
                    resolved.manifest_digest};
  if (auto present = TRY(find_image(store, resolved.manifest_digest))) {
    TRY(check_platform(TRY_CONTEXT(parse_config(present->config), "image configuration"), request.platform));
    TRY(record_name(store, name));
    return resolved.manifest_digest;
  }
  StoredImage image;
  image.digest = resolved.manifest_digest;
  image.reference = request.reference.canonical();
  image.manifest = resolved.manifest.bytes;
  image.config = TRY_CONTEXT(source->config(resolved.parsed.config), "image configuration");
  TRY(check_platform(TRY_CONTEXT(parse_config(image.config), "image configuration"), request.platform));
  for (const auto& layer : resolved.parsed.layers) image.layers.push_back(layer.digest);
  TRY(source->bring_layers(resolved.parsed.layers));
  auto staging = TRY(store.stage());
  TRY(make_fixups(store, image, staging.fd()));
  TRY(publish_image(store, std::move(staging), image));
  TRY(record_name(store, name));
  return image.digest;
}

}  // namespace

Result<Digest> download_image(const Store& store, const Settings& settings, const ImportRequest& request,
                              Reporter& reporter, const std::stop_token& stop) {
  auto image = bring_missing({store, settings, request, reporter, stop});
  // Any write may be the one that does not fit: of a layer's files, of its record, of the image's.
  if (!image.ok()) return explain_full_disk(std::move(image).error(), store.layers());
  return image;
}

}  // namespace pyxis
