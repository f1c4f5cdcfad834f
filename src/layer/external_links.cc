#include "layer/external_links.h"

#include <fcntl.h>

#include <map>

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

class LinkResolver {
 public:
  LinkResolver(int layer, int fixup, std::span<const int> lower_layers)
      : layer_(layer), fixup_(fixup), lower_layers_(lower_layers) {}

  Result<void> resolve(const ExternalLink& link) {
    auto path = TRY(parse_entry_path(link.path, any_depth));
    auto target = TRY(parse_entry_path(link.target, any_depth));
    auto place = TRY(make_fixup_parents(path, layer_, fixup_));
    int dir = place.fixup.get();
    // Two records of one path: the later one counts, as in the archive.
    TRY(remove_tree(dir, path.leaf));
    TRY(link_or_copy(target, dir, path.leaf));
    copies_[target.text()] = path;
    copies_[path.text()] = path;
    return copy_time(place.layer.get(), dir);
  }

 private:
  Result<void> link_or_copy(const EntryPath& target, int dir, const std::string& name) {
    auto copy = copies_.find(target.text());
    if (copy != copies_.end()) {
      const int fixup[] = {fixup_};
      auto node = TRY(find_in_layers(fixup, copy->second));
      if (node && ::linkat(node->parent.get(), copy->second.leaf.c_str(), dir, name.c_str(), 0) == 0)
        return ok();
    }
    auto node = TRY(find_in_layers(lower_layers_, target));
    if (!node) return fail("no earlier layer has that file", "the image is broken: rebuild it");
    if (S_ISDIR(node->info.st_mode)) return fail("it is a directory", "the image is broken: rebuild it");
    return copy_node(node->parent.get(), target.leaf, dir, name);
  }

  int layer_, fixup_;
  std::span<const int> lower_layers_;
  std::map<std::string, EntryPath> copies_;  // by path of the target, and by path of the link
};

}  // namespace

Result<void> resolve_external_links(const std::vector<ExternalLink>& links, int layer, int fixup,
                                    std::span<const int> lower_layers) {
  LinkResolver resolver(layer, fixup, lower_layers);
  for (const auto& link : links) {
    auto resolved = resolver.resolve(link);
    if (!resolved.ok())
      return explain_full_disk(std::move(resolved).error(), fixup)
          .context("hard link " + printable(link.path) + " to " + printable(link.target));
  }
  return ok();
}

}  // namespace pyxis
