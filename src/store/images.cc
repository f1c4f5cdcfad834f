#include "store/images.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <ctime>

#include "store/layers.h"
#include "store/record.h"

namespace pyxis {
namespace {

using nlohmann::json;

Result<StoredImage> read_image(const Store& store, const std::string& hex) {
  auto dir = TRY(open_at(store.images(), hex, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  std::string config_digest;
  auto image = TRY(read_record(dir.get(), "meta.json", "image sha256:" + hex,
                               [&](const json& meta) -> Result<StoredImage> {
                                 StoredImage read;
                                 read.reference = meta.value("reference", "");
                                 read.created = meta.value("created", 0ull);
                                 read.shared = meta.value("shared", false);
                                 read.shared_bytes = meta.value("shared_bytes", 0ull);
                                 for (const std::string layer : meta.value("layers", json::array()))
                                   read.layers.push_back(TRY(Digest::parse(layer)));
                                 for (const size_t index : meta.value("fixups", json::array()))
                                   if (index < read.layers.size()) read.fixups.push_back(index);
                                 read.boot_id = meta.value("boot_id", "");
                                 config_digest = meta.value("config_digest", "");
                                 return read;
                               }));
  image.digest = TRY(Digest::parse("sha256:" + hex));
  image.manifest = TRY(read_file(dir.get(), "manifest"));
  image.config = TRY(read_file(dir.get(), "config"));
  // The bytes were verified when they came; a crash may have emptied them since.
  if (Digest::of(image.manifest) != image.digest)
    return fail("image sha256:" + hex + ": its manifest is damaged");
  if (!config_digest.empty() && config_digest != Digest::of(image.config).text())
    return fail("image sha256:" + hex + ": its config is damaged");
  return image;
}

// Its fixups may have lost their contents: unlike manifest and config they have no digest. One that an
// earlier release has published does not say when that was.
Result<bool> doubtful(const Store& store, const StoredImage& image) {
  if (image.shared || image.boot_id.empty() || marked_durable(store.images(), image.digest)) return false;
  return image.boot_id != TRY(current_boot_id());
}

// What a crash leaves, directories without their files and files without their content, counts as absent.
bool absent(const Error& error) {
  return error.code == ENOENT || error.code == 0;
}

// The layer to begin with: the topmost one whose root is opaque, or the first.
Result<size_t> lowest_visible_layer(const Store& store, const StoredImage& image) {
  for (size_t index = image.layers.size(); index-- > 1;)
    if (TRY(read_layer_meta(store, image.layers[index])).hides_below) return index;
  return 0;
}

std::string name_file(const std::string& reference) {
  return Digest::of(reference).hex() + ".json";
}

}  // namespace

Result<std::optional<StoredImage>> find_image(const Store& store, const Digest& digest) {
  auto image = read_image(store, digest.hex());
  if (!image.ok()) {
    if (absent(image.error())) return std::optional<StoredImage>();
    return std::move(image).error();
  }
  if ((image->shared && !store.shared()) || TRY(doubtful(store, *image))) return std::optional<StoredImage>();
  for (const auto& layer : image->layers)
    if (!image->shared && !TRY(layer_present(store, layer))) return std::optional<StoredImage>();
  return std::optional<StoredImage>(std::move(*image));
}

bool out_of_reach(const Store& store, const Digest& digest) {
  auto image = read_image(store, digest.hex());
  return image.ok() && image->shared && !store.shared();
}

Result<std::vector<StoredImage>> list_images(const Store& store) {
  std::vector<StoredImage> images;
  for (const auto& hex : TRY(list_directory(store.images()))) {
    auto image = read_image(store, hex);
    if (image.ok())
      images.push_back(std::move(*image));
    else if (!absent(image.error()))
      return std::move(image).error();
  }
  return images;
}

Result<void> publish_image(const Store& store, StagingDirectory staging, const StoredImage& image) {
  json layers = json::array();
  for (const auto& layer : image.layers) layers.push_back(layer.text());
  json meta = {{"reference", image.reference},
               {"layers", layers},
               {"fixups", image.fixups},
               {"config_digest", Digest::of(image.config).text()},
               {"shared", image.shared},
               {"shared_bytes", image.shared_bytes},
               {"created", static_cast<uint64_t>(std::time(nullptr))},
               {"boot_id", TRY(current_boot_id())}};
  TRY(write_file(staging.fd(), "manifest", image.manifest));
  TRY(write_file(staging.fd(), "config", image.config));
  TRY(write_file(staging.fd(), "meta.json", meta.dump(-1, ' ', false, json::error_handler_t::replace)));
  auto hold = TRY(store.lock_exclusive("images"));
  if (TRY(find_image(store, image.digest))) return ok();
  TRY(remove_tree(store.images(), image.digest.hex()));
  return staging.publish(store.images(), image.digest.hex());
}

Result<void> make_image_durable(const Store& store, const Digest& digest) {
  auto image = TRY(find_image(store, digest));
  if (!image || image->shared) return ok();
  return make_layers_durable(store, image->layers, digest);
}

Result<std::vector<std::string>> image_layer_paths(const Store& store, const StoredImage& image) {
  std::vector<std::string> paths;
  for (size_t index = TRY(lowest_visible_layer(store, image)); index < image.layers.size(); ++index) {
    // overlayfs takes no directory twice. What a layer adds and hides, it adds and hides where it comes last.
    if (std::find(image.layers.begin() + static_cast<std::ptrdiff_t>(index) + 1, image.layers.end(),
                  image.layers[index]) != image.layers.end())
      continue;
    paths.push_back(store.path() + "/layers/sha256/" + image.layers[index].hex() + "/fs");
    for (size_t fixup : image.fixups)
      if (fixup == index)
        paths.push_back(store.path() + "/images/sha256/" + image.digest.hex() + "/fixups/" +
                        std::to_string(index));
  }
  return paths;
}

Result<std::optional<ResolvedName>> find_name(const Store& store, const std::string& reference) {
  auto name = read_record(store.refs(), name_file(reference), reference,
                          [&](const json& entry) -> Result<ResolvedName> {
                            if (entry.value("reference", "") != reference) return fail("another name's");
                            auto pointed_to = TRY(Digest::parse(entry.value("pointed_to", "")));
                            auto manifest = TRY(Digest::parse(entry.value("manifest", "")));
                            return ResolvedName{reference, std::move(pointed_to), std::move(manifest),
                                                entry.value("resolved", 0ull)};
                          });
  if (name.ok()) return std::optional<ResolvedName>(std::move(*name));
  if (absent(name.error())) return std::optional<ResolvedName>();
  return std::move(name).error();
}

Result<void> record_name(const Store& store, const ResolvedName& name) {
  json entry = {{"reference", name.reference},
                {"pointed_to", name.pointed_to.text()},
                {"manifest", name.manifest.text()},
                {"resolved", static_cast<uint64_t>(std::time(nullptr))}};
  return write_file(store.refs(), name_file(name.reference), entry.dump());
}

}  // namespace pyxis
