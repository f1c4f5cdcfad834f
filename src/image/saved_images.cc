#include "image/saved_images.h"

#include <set>

#include "base/text.h"
#include "image/json_fields.h"

namespace pyxis {
namespace {

constexpr auto name_annotation = "org.opencontainers.image.ref.name";

Result<SavedImage> parse_saved_image(const json::Value& object) {
  SavedImage image;
  image.config = TRY(json::text(object, "Config"));
  image.layers = TRY(json::text_list(object, "Layers"));
  image.names = TRY(json::text_list(object, "RepoTags"));
  if (image.config.empty()) return fail("field 'Config' is missing");
  if (image.layers.size() > max_layers)
    return fail("it has more than " + std::to_string(max_layers) + " layers");
  return image;
}

// The name of each entry, in the order of the entries; empty where it has none.
Result<std::vector<std::string>> entry_names(std::string_view bytes) {
  auto document = TRY(json::parse_object(bytes, "index.json"));
  std::vector<std::string> names;
  if (const auto* entries = json::member(document, "manifests"); entries && entries->is_array())
    for (const auto& entry : *entries) {
      const auto* annotations = json::member(entry, "annotations");
      names.push_back(annotations ? TRY(json::text(*annotations, name_annotation)) : "");
    }
  return names;
}

std::string list(const std::vector<std::string>& names) {
  const std::set<std::string> distinct(names.begin(), names.end());
  std::vector<std::string> shown;
  constexpr size_t most = 30;
  for (const auto& name : distinct)
    if (!name.empty()) shown.push_back(shown.size() < most ? printable(name.substr(0, 200)) : "...");
  if (shown.size() > most) shown.resize(most + 1);
  return shown.empty() ? "none" : join(shown, ", ");
}

json::Value describe(const Descriptor& descriptor, std::string_view media_type) {
  return {{"mediaType", media_type}, {"digest", descriptor.digest.text()}, {"size", descriptor.size}};
}

}  // namespace

Result<std::vector<SavedImage>> parse_saved_images(std::string_view bytes) {
  auto document = json::parse(bytes);
  if (!document.is_array()) return fail("manifest.json is not a list of images");
  std::vector<SavedImage> images;
  for (const auto& entry : document)
    images.push_back(
        TRY_CONTEXT(parse_saved_image(entry), "manifest.json, image " + std::to_string(images.size() + 1)));
  return images;
}

Result<Index> parse_layout_index(std::string_view bytes, const std::string& name) {
  auto parsed = TRY_CONTEXT(parse_manifest(bytes), "index.json");
  auto* index = std::get_if<Index>(&parsed);
  if (!index) return fail("index.json is a manifest, not an index");
  auto names = TRY(entry_names(bytes));
  if (name.empty()) {
    if (std::set<std::string>(names.begin(), names.end()).size() > 1)
      return fail("it holds several images: " + list(names), "name one of them");
    return std::move(*index);
  }
  Index named{index->media_type, {}};
  for (size_t i = 0; i < index->manifests.size(); ++i)
    if (names[i] == name) named.manifests.push_back(std::move(index->manifests[i]));
  if (named.manifests.empty())
    return fail("it holds no image named " + printable(name) + "; it holds: " + list(names));
  return named;
}

std::string make_manifest(const Descriptor& config, const std::vector<Descriptor>& layers) {
  json::Value document = {{"schemaVersion", 2},
                          {"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                          {"config", describe(config, "application/vnd.oci.image.config.v1+json")},
                          {"layers", json::Value::array()}};
  for (const auto& layer : layers)
    document["layers"].push_back(describe(layer, "application/vnd.oci.image.layer.v1.tar"));
  return document.dump();
}

}  // namespace pyxis
