#include "storage/kept.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <ctime>

namespace pyxis {
namespace {

// Of one user. More of them are as good as one that cannot be listed.
constexpr size_t most_containers = 10000;
// What was noted so lately may be about to be made.
constexpr uint64_t noted_lately = 600;  // seconds

// Not what the user has mounted there (FUSE): it could answer never.
Result<Fd> open_directory_at(int parent, const std::string& name) {
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  Fd directory(static_cast<int>(::syscall(SYS_openat2, parent, name.c_str(), &how, sizeof how)));
  if (!directory) return sys_error(name);
  return directory;
}

// A crash may have emptied the note (the file system gives its size, not its bytes): its name is the path's
// digest. Where none of that user's containers has that, it is gone, like any that is not listed.
std::string noted_path(const std::string& content, const std::string& note, const std::string& of_user,
                       const std::set<std::string>& paths) {
  bool emptied = content.find_first_not_of('\0') == content.npos;
  if (!emptied) return content;
  for (auto path = paths.lower_bound(of_user); path != paths.end() && path->starts_with(of_user); ++path)
    if (Digest::of(*path).hex() == note || path->ends_with('/')) return *path;
  return of_user;
}

// Not of one that is gone meanwhile.
bool noted_before(int directory, const std::string& note, uint64_t time) {
  struct stat info;
  return ::fstatat(directory, note.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
         static_cast<uint64_t>(info.st_mtim.tv_sec) < time;
}

}  // namespace

Result<UserContainers> list_user_containers(const std::string& root, const std::string& host) {
  UserContainers containers;
  // Less the tick that the time of a file may be behind that of time(2).
  containers.listed = static_cast<uint64_t>(std::time(nullptr)) - 1;
  auto& paths = containers.paths;
  auto users = open_path(root + "/users", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!users.ok())
    return users.error().code == ENOENT ? Result<UserContainers>(containers) : std::move(users).error();
  for (const auto& uid : TRY(list_directory(users->get()))) {
    auto directory = root + "/users/" + uid + "/containers/" + host + "/";
    auto here = open_directory_at(users->get(), uid + "/containers/" + host);
    if (!here.ok() && here.error().code == ENOENT) continue;
    auto names = here.ok() ? list_directory(here->get(), most_containers + 1)
                           : Result<std::vector<std::string>>(std::move(here).error());
    bool known = names.ok() && names->size() <= most_containers;
    if (!known) paths.insert(directory);  // all that there may be
    for (size_t i = 0; known && i < names->size(); ++i) paths.insert(directory + (*names)[i]);
  }
  return containers;
}

Result<Kept> Kept::read(const Store& store, const std::string& root, const UserContainers& containers) {
  Kept kept;
  kept.listed_ = containers.listed;
  auto shared = TRY(open_path(store.path(), O_RDONLY | O_DIRECTORY));
  auto all = open_directory_at(shared.get(), "kept");
  if (!all.ok()) return all.error().code == ENOENT ? Result<Kept>(std::move(kept)) : std::move(all).error();
  kept.all_ = std::move(*all);
  TRY(each_directory(kept.all_.get(), [&](const std::string& uid, int user) {
    return each_directory(user, [&](const std::string& image, int directory) -> Result<void> {
      auto names = list_directory(directory);
      if (!names.ok()) return ok();  // it has just gone
      for (const auto& name : *names) {
        auto content = read_file(directory, name, PATH_MAX);
        auto path = content.ok() ? noted_path(*content, name, root + "/users/" + uid + "/", containers.paths)
                                 : std::move(content);
        // Only of those below the node's own stores it can be seen whether they are there.
        bool gone = path.ok() && path->starts_with(root + "/users/") && !containers.paths.contains(*path) &&
                    !containers.paths.contains(path->substr(0, path->rfind('/') + 1)) &&
                    noted_before(directory, name, containers.listed);
        if (gone)
          kept.gone_.push_back(uid + "/" + image + "/" + name);
        else
          kept.containers_[image] = path.ok() ? *path : "";
      }
      return ok();
    });
  }));
  return kept;
}

std::optional<std::string> Kept::container_on(const Digest& image) const {
  auto found = containers_.find(image.hex());
  if (found == containers_.end()) return std::nullopt;
  return found->second;
}

void Kept::forget_gone() const {
  for (const auto& path : gone_) {
    if (!noted_before(all_.get(), path, listed_ - std::min(listed_, noted_lately))) continue;
    ::unlinkat(all_.get(), path.c_str(), 0);
    ::unlinkat(all_.get(), path.substr(0, path.rfind('/')).c_str(), AT_REMOVEDIR);  // if it is empty
  }
}

bool used_by_step(const Store& store, const Digest& image) {
  auto lock = store.try_lock_exclusive("use-" + image.hex());
  return !lock.ok() || !*lock;
}

}  // namespace pyxis
