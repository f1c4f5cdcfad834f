#include "layer/layer_lookup.h"

#include <fcntl.h>

#include "base/fs.h"
#include "layer/layer_marks.h"

namespace pyxis {
namespace {

bool has_name(int dir, const std::string& name) {
  struct stat info;
  return ::fstatat(dir, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
}

// One layer's answer. `hidden`: there is no need to look further down.
struct Answer {
  std::optional<FoundNode> node;
  bool hidden = false;
};

Result<Answer> find_in_layer(int layer, const EntryPath& path) {
  Answer answer;
  auto dir = TRY(open_at(layer, ".", O_RDONLY | O_DIRECTORY));
  for (size_t i = 0;; ++i) {
    bool last = i == path.parents.size();
    const auto& name = last ? path.leaf : path.parents[i];
    // Without plain whiteouts this asks for a name that is never there: a negative dentry, once.
    answer.hidden =
        answer.hidden || is_opaque(dir.get()) || has_name(dir.get(), std::string(whiteout_prefix) + name);
    struct stat info;
    if (::fstatat(dir.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) return answer;
      return sys_error("stat " + name);
    }
    if (is_whiteout(info) || (!last && !S_ISDIR(info.st_mode))) {
      answer.hidden = true;
      return answer;
    }
    if (last) {
      answer.node = FoundNode{std::move(dir), info};
      return answer;
    }
    dir = TRY(open_at(dir.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  }
}

}  // namespace

Result<std::optional<FoundNode>> find_in_layers(std::span<const int> layers, const EntryPath& path) {
  for (int layer : layers) {
    auto answer = TRY(find_in_layer(layer, path));
    if (answer.node) return std::move(answer.node);
    if (answer.hidden) break;
  }
  return std::optional<FoundNode>();
}

}  // namespace pyxis
