#include "engine/image_fixups.h"

#include <fcntl.h>

#include <span>

#include "layer/external_links.h"
#include "layer/implied_directories.h"
#include "store/layers.h"

namespace pyxis {
namespace {

// Writes into `fixup` what the layer cannot have by itself. False: nothing.
Result<bool> fill_fixup(const LayerMeta& meta, int layer, int fixup, std::span<const int> below_top_first) {
  std::vector<ExternalLink> links;
  for (const auto& link : meta.links) links.push_back({link.path, link.target});
  if (!links.empty()) TRY(resolve_external_links(links, layer, fixup, below_top_first));
  bool restored = TRY(restore_implied_directories(meta.implied_directories, layer, fixup, below_top_first));
  return restored || !links.empty();
}

}  // namespace

Result<void> make_fixups(const Store& store, StoredImage& image, int staging) {
  auto fixups = TRY(make_directory_at(staging, "fixups", 0700));
  std::vector<Fd> below;
  std::vector<int> below_top_first;
  auto stack = [&](Fd directory) {
    below_top_first.insert(below_top_first.begin(), directory.get());
    below.push_back(std::move(directory));
  };
  for (size_t index = 0; index < image.layers.size(); ++index) {
    auto layer = TRY(open_at(store.layers(), image.layers[index].hex() + "/fs", O_RDONLY | O_DIRECTORY));
    auto meta = TRY(read_layer_meta(store, image.layers[index]));
    auto name = std::to_string(index);
    auto fixup = TRY(make_directory_at(fixups.get(), name, 0755));
    bool needed = TRY_CONTEXT(fill_fixup(meta, layer.get(), fixup.get(), below_top_first),
                              "layer " + image.layers[index].text());
    stack(std::move(layer));
    if (needed) {
      image.fixups.push_back(index);
      stack(std::move(fixup));
    } else {
      TRY(remove_tree(fixups.get(), name));
    }
  }
  return ok();
}

}  // namespace pyxis
