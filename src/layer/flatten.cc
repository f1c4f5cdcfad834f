#include "layer/flatten.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <map>
#include <string>
#include <vector>

#include "base/fs.h"
#include "base/text.h"
#include "layer/copy.h"
#include "base/disk_full.h"
#include "layer/entry_path.h"
#include "layer/layer_marks.h"

namespace pyxis {
namespace {

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

// Applies one layer. Errors name the path within it.
class LayerApplier {
 public:
  explicit LayerApplier(int destination) : destination_(destination) {}

  // Brings the directory `from` of the layer into `to`, which shows what the layers below left there.
  Result<void> merge(int from, int to, const std::string& path) {
    auto names = TRY_CONTEXT(list_directory(from), printable(path));
    TRY_CONTEXT(hide(from, to, names), printable(path));
    for (const auto& name : names) TRY(add(from, to, name, path.empty() ? name : path + "/" + name));
    TRY_CONTEXT(copy_directory_attributes(from, to), printable(path));
    return copy_time(from, to);
  }

 private:
  // Whiteouts first: they concern the layers below, whatever the layer itself has under the name.
  Result<void> hide(int from, int to, const std::vector<std::string>& names) {
    if (is_opaque(from))
      for (const auto& name : TRY(list_directory(to))) TRY(remove_tree(to, name));
    for (const auto& name : names) {
      if (!name.starts_with(whiteout_prefix) || name.starts_with(aufs_prefix)) continue;
      auto hidden = name.substr(whiteout_prefix.size());
      if (hidden != "." && hidden != "..")
        TRY(remove_tree(to, hidden));  // unpack_layer() makes no such names
    }
    return ok();
  }

  Result<void> add(int from, int to, const std::string& name, const std::string& path) {
    if (name.starts_with(whiteout_prefix)) return ok();
    struct stat info;
    if (::fstatat(from, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return sys_error(printable(path));
    if (S_ISDIR(info.st_mode)) return add_directory(from, to, name, path);
    if (is_whiteout(info)) return remove_tree(to, name);
    TRY_CONTEXT(add_node(from, to, name, path, info), printable(path));
    return ok();
  }

  Result<void> add_directory(int from, int to, const std::string& name, const std::string& path) {
    auto source = TRY_CONTEXT(open_at(from, name, directory_flags), printable(path));
    auto target = make_directory_at(to, name);
    if (!target.ok() && (target.error().code == ENOTDIR || target.error().code == ELOOP)) {
      TRY_CONTEXT(remove_tree(to, name), printable(path));
      target = make_directory_at(to, name);
    }
    if (!target.ok()) return std::move(target).error().context(printable(path));
    return merge(source.get(), target->get(), path);
  }

  Result<void> add_node(int from, int to, const std::string& name, const std::string& path,
                        const struct stat& info) {
    if (S_ISREG(info.st_mode) && info.st_nlink > 1) {
      auto [first, added] = linked_.try_emplace({info.st_dev, info.st_ino}, path);
      // Its directories are this layer's, made by us: no link of another layer can stand there any more.
      if (!added && link(first->second, to, name)) return ok();
    }
    auto copied = copy_node(from, name, to, name);
    if (copied.ok() || copied.error().code != EEXIST) return copied;
    TRY(remove_tree(to, name));
    return copy_node(from, name, to, name);
  }

  // False where it cannot be: too many links, too long a path, a file system without hard links. A copy
  // serves as well.
  bool link(const std::string& first, int to, const std::string& name) {
    if (::linkat(destination_, first.c_str(), to, name.c_str(), 0) == 0) return true;
    if (errno != EEXIST || !remove_tree(to, name).ok()) return false;
    return ::linkat(destination_, first.c_str(), to, name.c_str(), 0) == 0;
  }

  int destination_;
  std::map<std::pair<dev_t, ino_t>, std::string> linked_;  // files with several names: the one made first
};

}  // namespace

Result<void> flatten_layers(std::span<const int> layers, int destination) {
  for (int layer : layers) {
    auto applied = LayerApplier(destination).merge(layer, destination, "");
    if (!applied.ok())
      return explain_full_disk(std::move(applied).error(), destination).context("apply layer");
  }
  return ok();
}

}  // namespace pyxis
