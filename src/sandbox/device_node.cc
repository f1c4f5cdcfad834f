#include "sandbox/device_node.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "base/fs.h"
#include "sandbox/kernel_calls.h"
#include "sandbox/target.h"

namespace pyxis {
namespace {

constexpr auto devices = "/dev";

struct stat status_of(int fd) {
  struct stat info = {};
  ::fstat(fd, &info);
  return info;
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// The same device, on a mount that lets it be used.
bool same_device(int there, int device) {
  auto a = status_of(there), b = status_of(device);
  struct statvfs mount;
  return (S_ISCHR(a.st_mode) || S_ISBLK(a.st_mode)) && (a.st_mode & S_IFMT) == (b.st_mode & S_IFMT) &&
         a.st_rdev == b.st_rdev && ::fstatvfs(there, &mount) == 0 && (mount.f_flag & ST_NODEV) == 0;
}

struct Directory {
  std::string path;
  Fd fd;  // O_PATH
};

// The deepest one on the way to `path` that is there.
Result<Directory> existing_directory(int root, std::string path) {
  for (;;) {
    path.resize(path.rfind('/'));
    auto found = open_target(root, path);
    if (found.ok() && S_ISDIR(status_of(found->get()).st_mode))
      return Directory{std::move(path), std::move(*found)};
    if (!found.ok() && found.error().code != ENOENT && found.error().code != ENOTDIR)
      return std::move(found).error();
    if (path.empty()) return sys_error("/", ENOTDIR);
  }
}

// Whether it is that of the node itself, in which a name would be there for everybody.
bool of_the_node(const Directory& directory) {
  struct stat outside;
  return ::stat(directory.path.c_str(), &outside) == 0 && same_file(outside, status_of(directory.fd.get()));
}

// Shows one entry of the covered directory under its name in the one that covers it.
Result<void> show_entry(const Fd& covered, const std::string& name, const Fd& top, const std::string& path,
                        int root, const MountApi& api) {
  auto entry = open_at(covered.get(), name, O_PATH | O_NOFOLLOW);
  if (!entry.ok() && entry.error().code == ENOENT) return ok();  // a device that has just gone
  auto source = TRY(std::move(entry));
  auto kind = status_of(source.get()).st_mode & S_IFMT;
  if (kind == S_IFLNK) {
    auto text = TRY(read_link(covered.get(), name));
    return ::symlinkat(text.c_str(), top.get(), name.c_str()) == 0 ? ok() : Result<void>(sys_error(name));
  }
  bool directory = kind == S_IFDIR;
  if (directory && ::mkdirat(top.get(), name.c_str(), 0755) != 0) return sys_error(name);
  if (!directory) TRY(open_at(top.get(), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644));
  MountTarget target{root, path + "/" + name, TRY(open_at(top.get(), name, O_PATH | O_NOFOLLOW))};
  return api.bind(source.get(), directory, {}, target);
}

Result<void> cover(const Directory& covered, int root, const MountApi& api) {
  auto readable = TRY(open_at(covered.fd.get(), ".", O_RDONLY | O_DIRECTORY));
  auto names = TRY(list_directory(readable.get()));
  MountTarget target{root, covered.path, TRY(open_at(covered.fd.get(), ".", O_PATH | O_DIRECTORY))};
  MountChange change;
  change.attributes.set = kernel::attr_nosuid | kernel::attr_noexec;
  TRY(api.filesystem("tmpfs", "tmpfs", {"mode=755", "size=1m"}, change, target));
  auto top = TRY(open_target(root, covered.path));
  for (const auto& name : names)
    TRY_CONTEXT(show_entry(covered.fd, name, top, covered.path, root, api), covered.path + "/" + name);
  return ok();
}

}  // namespace

Result<void> place_device(int device, const std::string& path, int root, const MountApi& api) {
  auto there = open_target(root, path);
  if (there.ok() && same_device(there->get(), device)) return ok();
  if (!there.ok() && there.error().code != ENOENT) return std::move(there).error();
  if (!there.ok() && path.starts_with(std::string(devices) + "/"))
    if (auto above = TRY(existing_directory(root, path)); of_the_node(above))
      TRY_CONTEXT(cover(above, root, api),
                  "a directory of the container's own in the place of " + above.path);
  MountTarget target{root, path, TRY(make_target(root, path, NodeKind::file))};
  if (S_ISDIR(status_of(target.fd.get()).st_mode)) return sys_error("a directory is there", EISDIR);
  MountChange change;
  change.attributes.set = kernel::attr_nosuid | kernel::attr_noexec;
  return api.bind(device, false, change, target);
}

}  // namespace pyxis
