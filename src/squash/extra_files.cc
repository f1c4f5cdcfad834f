#include "squash/extra_files.h"

#include <deque>

#include "base/fs.h"
#include "base/text.h"

namespace pyxis {
namespace {

constexpr int max_links = 40;  // as the kernel follows, path_resolution(7)

void put_in_front(std::deque<std::string>& waiting, const std::string& path) {
  auto parts = split(path, '/');
  waiting.insert(waiting.begin(), parts.begin(), parts.end());
}

// The components of a directory's path, with no link among them.
Result<std::vector<std::string>> resolve_directory(int root, const std::string& path) {
  std::vector<std::string> resolved;
  std::deque<std::string> waiting;
  put_in_front(waiting, path);
  for (int links = 0; !waiting.empty();) {
    auto part = std::move(waiting.front());
    waiting.pop_front();
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!resolved.empty()) resolved.pop_back();
      continue;
    }
    resolved.push_back(std::move(part));
    auto target = read_link(root, join(resolved, "/"));
    if (!target.ok()) continue;
    if (++links > max_links) return sys_error(printable(path), ELOOP);
    resolved.pop_back();
    if (target->starts_with('/')) resolved.clear();
    put_in_front(waiting, *target);
  }
  return resolved;
}

}  // namespace

Result<ExtraNode> arrange_extra_files(const std::vector<ExtraFile>& files, int root) {
  ExtraNode top;
  for (const auto& file : files) {
    auto slash = file.path.rfind('/');
    auto name = file.path.substr(slash + 1);  // all of it where there is no slash
    if (name.empty()) return fail("an extra file without a name: '" + printable(file.path) + "'");
    auto* node = &top;
    if (slash != file.path.npos)
      for (const auto& part : TRY(resolve_directory(root, file.path.substr(0, slash))))
        node = &node->children[part];
    node->children[name].file = &file;
  }
  return top;
}

}  // namespace pyxis
