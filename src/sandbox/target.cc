#include "sandbox/target.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <deque>
#include <optional>
#include <vector>

#include "base/fs.h"
#include "base/text.h"

namespace pyxis {
namespace {

constexpr int max_links = 40;  // as path_resolution(7)

// "a//./b" -> a, b; ".." is kept.
std::deque<std::string> components(std::string_view path) {
  std::deque<std::string> parts;
  for (auto& part : split(path, '/'))
    if (!part.empty() && part != ".") parts.push_back(std::move(part));
  return parts;
}

// Resolves a path in user space as openat2 would under RESOLVE_IN_ROOT, one component at a time, none through
// a link that was not read here, and makes what is missing.
class Walk {
 public:
  Walk(int root, const std::string& target, std::optional<NodeKind> make)
      : root_(root), make_(make), rest_(components(target)) {}

  Result<Fd> run() {
    while (!rest_.empty()) {
      auto name = std::move(rest_.front());
      rest_.pop_front();
      if (name == "..") {
        if (!path_.empty()) path_.pop_back();
        continue;
      }
      TRY(step(name));
    }
    if (path_.empty()) return open_at(root_, ".", O_PATH | O_DIRECTORY);
    return std::move(path_.back());
  }

 private:
  int here() const { return path_.empty() ? root_ : path_.back().get(); }

  Result<void> step(const std::string& name) {
    auto next = open_at(here(), name, O_PATH | O_NOFOLLOW);
    if (!next.ok() && next.error().code == ENOENT && make_) {
      TRY(make(name));
      next = open_at(here(), name, O_PATH | O_NOFOLLOW);
    }
    if (!next.ok()) return std::move(next).error();
    struct stat info;
    if (::fstat(next->get(), &info) != 0) return sys_error(name);
    if (S_ISLNK(info.st_mode)) return follow(name);
    if (!rest_.empty() && !S_ISDIR(info.st_mode)) return sys_error(name, ENOTDIR);
    path_.push_back(std::move(*next));
    return ok();
  }

  Result<void> follow(const std::string& name) {
    if (++links_ > max_links) return sys_error(name, ELOOP);
    auto text = TRY(read_link(here(), name));
    if (text.starts_with('/')) path_.clear();
    auto parts = components(text);
    rest_.insert(rest_.begin(), parts.begin(), parts.end());
    return ok();
  }

  Result<void> make(const std::string& name) {
    bool last = rest_.empty();
    if (!last || *make_ == NodeKind::directory) {
      if (::mkdirat(here(), name.c_str(), 0755) != 0 && errno != EEXIST)
        return sys_error("create directory " + name);
      return ok();
    }
    auto file = open_at(here(), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
    if (!file.ok() && file.error().code != EEXIST) return std::move(file).error().context("create file");
    return ok();
  }

  int root_;
  std::optional<NodeKind> make_;
  std::deque<std::string> rest_;
  std::vector<Fd> path_;  // the directories from below the root to here: ".." goes back, never above
  int links_ = 0;
};

}  // namespace

Result<void> check_target(const std::string& target) {
  int depth = 0;
  for (const auto& part : components(target))
    if ((depth += part == ".." ? -1 : 1) < 0) {
      return sys_error(target, EXDEV).with_remedy("it leads out of the container: name a target inside");
    }
  return ok();
}

Result<Fd> open_target(int root, const std::string& target) {
  TRY(check_target(target));
  auto found = open_in_root(root, target.empty() ? "." : target, O_PATH);
  if (found.ok() || found.error().code != ENOSYS) return found;
  return Walk(root, target, std::nullopt).run();  // before Linux 5.6
}

Result<Fd> make_target(int root, const std::string& target, NodeKind kind) {
  auto found = open_target(root, target);
  if (found.ok() || found.error().code != ENOENT) return found;
  return Walk(root, target, kind).run();
}

}  // namespace pyxis
