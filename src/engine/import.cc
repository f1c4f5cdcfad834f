#include "engine/import.h"

#include <fcntl.h>

#include <algorithm>

#include "engine/layer_import.h"
#include "engine/registry_access.h"
#include "image/config.h"
#include "image/manifest.h"
#include "layer/external_links.h"
#include "registry/client.h"
#include "store/layers.h"

namespace pyxis {
namespace {

Result<void> check_supported(const Reference& reference) {
  if (reference.scheme == Reference::Scheme::docker) return ok();
  return fail("images of this kind cannot be imported in this release: " + reference.canonical(),
              "push the image to a registry and name it there");
}

// Names of the store's refs: one entry per platform.
std::string name_key(const ImportRequest& request) {
  return request.reference.canonical() + " " + request.platform.text();
}

// The image a name stood for when it was last resolved, if it is still present.
Result<std::optional<StoredImage>> last_known(const Store& store, const std::optional<ResolvedName>& name) {
  if (!name) return std::optional<StoredImage>();
  return find_image(store, name->manifest);
}

// What the registry's answer allows without asking more: the image, if it is present and still what the name means.
Result<std::optional<StoredImage>> find_current(const Store& store, const Settings& settings,
                                                const ImportRequest& request, Reporter& reporter) {
  auto name = TRY(find_name(store, name_key(request)));
  auto image = TRY(last_known(store, name));
  if (!image) return image;
  if (!request.reference.digest.empty()) return image;  // a digest means one image for ever
  auto now = open_registry(settings, Patience::brief, reporter)->head_manifest(request.reference);
  if (now.ok()) return *now == name->pointed_to ? image : std::nullopt;
  if (!unreachable(now.error())) return std::move(now).error();
  reporter.warn("using the image " + request.shown_as + " as it was last imported: " + now.error().message);
  return image;
}

// Hard links to files of earlier layers get a directory of their own, stacked above the layer they belong to.
Result<void> make_fixups(const Store& store, StoredImage& image, int staging) {
  std::vector<Fd> below;  // bottom first
  for (size_t index = 0; index < image.layers.size(); ++index) {
    auto layer = TRY(open_at(store.layers(), image.layers[index].hex() + "/fs", O_RDONLY | O_DIRECTORY));
    auto meta = TRY(read_layer_meta(store, image.layers[index]));
    if (meta.links.empty()) {
      below.push_back(std::move(layer));
      continue;
    }
    auto fixups = TRY(make_directory_at(staging, "fixups", 0700));
    auto fixup = TRY(make_directory_at(fixups.get(), std::to_string(index), 0755));
    std::vector<ExternalLink> links;
    for (const auto& link : meta.links) links.push_back({link.path, link.target});
    std::vector<int> top_first;
    for (auto it = below.rbegin(); it != below.rend(); ++it) top_first.push_back(it->get());
    TRY_CONTEXT(resolve_external_links(links, layer.get(), fixup.get(), top_first), "layer " + image.layers[index].text());
    image.fixups.push_back(index);
    below.push_back(std::move(layer));
    below.push_back(std::move(fixup));
  }
  return ok();
}

Result<StoredImage> download(const Store& store, const Settings& settings, Client& client,
                             const ImportRequest& request, Reporter& reporter) {
  auto resolved = TRY(client.resolve(request.reference, request.platform));
  ResolvedName name{name_key(request), resolved.index_digest, resolved.manifest_digest};
  if (auto present = TRY(find_image(store, resolved.manifest_digest))) {
    TRY(record_name(store, name));
    return std::move(*present);
  }
  StoredImage image;
  image.digest = resolved.manifest_digest;
  image.reference = request.reference.canonical();
  image.manifest = resolved.manifest.bytes;
  auto pinned = request.reference.pinned(resolved.manifest_digest);
  image.config = TRY_CONTEXT(client.get_blob(pinned, resolved.parsed.config, max_config_bytes), "image configuration");
  TRY(check_platform(TRY_CONTEXT(parse_config(image.config), "image configuration"), request.platform));
  for (const auto& layer : resolved.parsed.layers) image.layers.push_back(layer.digest);
  TRY(import_layers(store, client, pinned, resolved.parsed.layers, settings.max_connections, reporter));
  auto staging = TRY(store.stage());
  TRY(make_fixups(store, image, staging.fd()));
  TRY(publish_image(store, std::move(staging), image));
  TRY(record_name(store, name));
  return image;
}

}  // namespace

Result<StoredImage> import_image(const Store& store, const Settings& settings, const ImportRequest& request,
                                 Reporter& reporter) {
  TRY(check_supported(request.reference));
  TRY(store.sweep_staging());
  if (auto image = TRY(find_current(store, settings, request, reporter))) return std::move(*image);
  auto client = open_registry(settings, Patience::patient, reporter);
  return download(store, settings, *client, request, reporter);
}

Result<Digest> resolve_digest(const Settings& settings, const ImportRequest& request, Reporter& reporter) {
  TRY(check_supported(request.reference));
  auto client = open_registry(settings, Patience::patient, reporter);
  return TRY(client->resolve(request.reference, request.platform)).manifest_digest;
}

}  // namespace pyxis
