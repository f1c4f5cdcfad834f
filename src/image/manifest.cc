#include "image/manifest.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "image/json_fields.h"

namespace pyxis {
namespace {

constexpr std::string_view docker_manifest = "application/vnd.docker.distribution.manifest.v2+json";
constexpr std::string_view docker_list = "application/vnd.docker.distribution.manifest.list.v2+json";
constexpr std::string_view oci_manifest = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view oci_index = "application/vnd.oci.image.index.v1+json";
constexpr std::string_view docker_schema1 = "application/vnd.docker.distribution.manifest.v1";

// Layers are told apart by their first bytes when unpacked; here only what is no file system layer is
// refused.
constexpr std::array layer_prefixes = {
    "application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.docker.image.rootfs.diff.tar", "application/vnd.docker.image.rootfs.foreign.diff.tar"};

Result<void> check_layer_type(const std::string& type) {
  if (type.ends_with("+encrypted"))
    return fail("its content is encrypted (" + printable(type) + ")", "decrypt the image before pushing it");
  if (type.empty() ||
      std::ranges::any_of(layer_prefixes, [&](auto prefix) { return type.starts_with(prefix); }))
    return ok();
  return fail("it is '" + printable(type) + "', not a file system layer",
              "this name holds something else than a container image (a chart, a model, a signature)");
}

Result<std::optional<Platform>> parse_entry_platform(const json::Value& object) {
  const auto* value = json::member(object, "platform");
  if (!value) return std::optional<Platform>{};
  Platform platform;
  platform.os = to_lower(TRY(json::text(*value, "os")));
  platform.architecture = to_lower(TRY(json::text(*value, "architecture")));
  platform.variant = to_lower(TRY(json::text(*value, "variant")));
  if (platform.os.empty() && platform.architecture.empty()) return std::optional<Platform>{};
  return std::optional(std::move(platform));
}

Result<Descriptor> parse_descriptor(const json::Value& object) {
  if (!object.is_object()) return fail("it is not an object");
  Descriptor descriptor;
  descriptor.media_type = TRY(json::text(object, "mediaType"));
  auto digest = TRY(json::text(object, "digest"));
  descriptor.digest = TRY(Digest::parse(digest));
  if (!json::member(object, "size")) return fail("field 'size' is missing");
  descriptor.size = TRY(json::number(object, "size"));
  if (descriptor.size > max_blob_bytes)
    return fail("size " + std::to_string(descriptor.size) + " is beyond reason");
  descriptor.platform = TRY(parse_entry_platform(object));
  return descriptor;
}

Result<std::vector<Descriptor>> parse_list(const json::Value& list, std::string_view what, size_t limit) {
  std::vector<Descriptor> out;
  if (!list.is_array()) return fail(std::string(what) + " list is not a list");
  if (list.size() > limit)
    return fail("it has " + std::to_string(list.size()) + " entries of kind " + std::string(what) +
                ", more than " + std::to_string(limit));
  out.reserve(list.size());
  for (const auto& item : list)
    out.push_back(
        TRY_CONTEXT(parse_descriptor(item), std::string(what) + " " + std::to_string(out.size() + 1)));
  return out;
}

Result<Manifest> read_manifest(const json::Value& document, std::string media_type) {
  Manifest manifest;
  manifest.media_type = std::move(media_type);
  const auto* config = json::member(document, "config");
  if (!config) return fail("field 'config' is missing");
  manifest.config = TRY_CONTEXT(parse_descriptor(*config), "config");
  if (manifest.config.size > max_config_bytes)
    return fail("its config is of " + human_bytes(manifest.config.size) + ", more than " +
                human_bytes(max_config_bytes));
  const auto* layers = json::member(document, "layers");
  if (!layers) return fail("field 'layers' is missing");
  manifest.layers = TRY(parse_list(*layers, "layer", max_layers));
  for (size_t i = 0; i < manifest.layers.size(); ++i)
    TRY_CONTEXT(check_layer_type(manifest.layers[i].media_type), "layer " + std::to_string(i + 1));
  return manifest;
}

Error schema1_refusal() {
  return fail("it is in Docker's old format, schema 1, which is not supported",
              "push the image again with a current tool, or copy it with: skopeo copy --format v2s2");
}

Result<std::variant<Manifest, Index>> read_document(const json::Value& document,
                                                    std::string_view content_type) {
  auto said = TRY(json::text(document, "mediaType"));
  const auto* version = json::member(document, "schemaVersion");
  bool says_one = version && version->is_number() && *version == 1;
  if (says_one || json::member(document, "fsLayers") || said.starts_with(docker_schema1))
    return schema1_refusal();
  if (version && !(version->is_number() && *version == 2)) return fail("its schemaVersion is not 2");

  const auto* entries = json::member(document, "manifests");
  bool layered = json::member(document, "layers") || json::member(document, "config");
  if (entries && layered)
    return fail("it claims to be a manifest and an index at once", "do not trust this image");
  bool says_index = said == docker_list || said == oci_index;
  bool says_manifest = said == docker_manifest || said == oci_manifest;
  if ((entries && says_manifest) || (layered && says_index))
    return fail("its content does not fit its media type '" + printable(said) + "'",
                "do not trust this image");

  auto type = said.empty() ? std::string(trim(content_type.substr(0, content_type.find(';')))) : said;
  if (entries) {
    Index index{type, TRY(parse_list(*entries, "manifest", max_index_entries))};
    return std::variant<Manifest, Index>(std::move(index));
  }
  if (layered) return std::variant<Manifest, Index>(TRY(read_manifest(document, type)));
  return fail("it has neither layers nor manifests: media type '" + printable(type.substr(0, 100)) + "'",
              "this name does not hold a container image");
}

bool attestation(const Descriptor& entry) {
  return entry.platform && entry.platform->architecture == "unknown";
}

std::string list_platforms(const Index& index) {
  std::vector<std::string> names;
  for (const auto& entry : index.manifests)
    if (entry.platform && !attestation(entry))
      names.push_back(printable(entry.platform->text().substr(0, 60)));
  constexpr size_t shown = 30;
  if (names.empty()) return "none that it names";
  if (names.size() > shown) {
    names.resize(shown);
    names.emplace_back("...");
  }
  return join(names, ", ");
}

}  // namespace

const std::string_view manifest_accept =
    "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json, "
    "application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.1, */*;q=0.1";

Result<std::variant<Manifest, Index>> parse_manifest(std::string_view bytes, std::string_view content_type) {
  if (bytes.size() > max_manifest_bytes)
    return fail("manifest is of " + human_bytes(bytes.size()) + ", more than " +
                human_bytes(max_manifest_bytes));
  auto document = json::parse_object(bytes, "manifest");
  if (!document.ok()) {
    return std::move(document).error().with_remedy(
        "check that a registry answers at this address, and no proxy in its place");
  }
  auto parsed = read_document(*document, content_type);
  if (!parsed.ok()) return std::move(parsed).error().context("manifest");
  return parsed;
}

Result<Descriptor> select_platform(const Index& index, const Platform& wanted) {
  const Descriptor* best = nullptr;
  int best_fit = -1;
  const Descriptor* unnamed = nullptr;
  size_t unnamed_count = 0;
  for (const auto& entry : index.manifests) {
    if (!entry.platform) {
      unnamed = &entry;
      ++unnamed_count;
      continue;
    }
    int fit = platform_fit(*entry.platform, wanted);
    if (fit > best_fit) {
      best_fit = fit;
      best = &entry;
    }
  }
  if (best) return *best;
  if (unnamed_count == 1) return *unnamed;
  return fail("the image does not exist for " + wanted.text() + "; it exists for: " + list_platforms(index),
              "choose one of these architectures");
}

}  // namespace pyxis
