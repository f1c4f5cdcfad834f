#include "layer/implied_directories.h"

#include <fcntl.h>

#include "base/fs.h"
#include "base/text.h"
#include "layer/copy.h"
#include "base/disk_full.h"
#include "layer/entry_path.h"
#include "layer/fixup.h"
#include "layer/layer_lookup.h"

namespace pyxis {
namespace {

constexpr unsigned any_depth = 4096;  // unpack_layer() has checked these paths

// The mode of an implied directory in the layers below, if it is another than in `layer`.
Result<std::optional<FoundNode>> differing_directory(const EntryPath& path, int layer,
                                                     std::span<const int> lower_layers) {
  const int own_layer[] = {layer};
  auto own = TRY(find_in_layers(own_layer, path));
  if (!own || !S_ISDIR(own->info.st_mode)) return std::optional<FoundNode>();  // a later entry replaced it
  auto lower = TRY(find_in_layers(lower_layers, path));
  if (!lower || !S_ISDIR(lower->info.st_mode) || lower->info.st_mode == own->info.st_mode)
    return std::optional<FoundNode>();
  return lower;
}

Result<bool> restore(const EntryPath& path, int layer, int fixup, std::span<const int> lower_layers) {
  auto found = TRY(differing_directory(path, layer, lower_layers));
  if (!found) return false;
  auto place = TRY(make_fixup_parents(path, layer, fixup));
  auto made = TRY(make_directory_at(place.fixup.get(), path.leaf));
  auto model = TRY(open_at(found->parent.get(), path.leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  TRY(copy_directory_attributes(model.get(), made.get()));
  TRY(copy_time(model.get(), made.get()));
  TRY(copy_time(place.layer.get(), place.fixup.get()));
  return true;
}

}  // namespace

Result<bool> restore_implied_directories(const std::set<std::string>& directories, int layer, int fixup,
                                         std::span<const int> lower_layers) {
  bool any = false;
  for (const auto& directory : directories) {
    auto path = TRY(parse_entry_path(directory, any_depth));
    auto restored = restore(path, layer, fixup, lower_layers);
    if (!restored.ok())
      return explain_full_disk(std::move(restored).error(), fixup)
          .context("directory " + printable(directory));
    any = any || *restored;
  }
  return any;
}

}  // namespace pyxis
