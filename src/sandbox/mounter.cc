#include "sandbox/mounter.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/log.h"
#include "sandbox/kernel_calls.h"
#include "sandbox/target.h"

namespace pyxis {
namespace {

bool is_directory(int fd) {
  struct stat info;
  return ::fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
}

bool same_file(int a, int b) {
  struct stat x, y;
  return ::fstat(a, &x) == 0 && ::fstat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

Error source_error(const std::string& path, int code) {
  if (code == ENOENT || code == ENOTDIR) {
    return Error{"source path does not exist: " + path,
                 "check it on this node, or give the mount the option nofail to go without", code};
  }
  auto error = sys_error("source path cannot be reached: " + path, code);
  switch (code) {
    case EACCES:
      error.remedy = "one of the directories above it is closed to you";
      break;
    case ESTALE:
    case ENOTCONN:
    case ETIMEDOUT:
    case EIO:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENODEV:
    case ENXIO:
      error.remedy = "the file system it lies on does not answer on this node";
  }
  return error;
}

// open_tree triggers automounts, O_PATH alone does not.
Result<Fd> open_source(const std::string& path) {
  int fd = kernel::open_tree(AT_FDCWD, path.c_str(), kernel::open_tree_cloexec);
  if (fd < 0 && (errno == ENOSYS || errno == EPERM)) fd = ::open(path.c_str(), O_PATH | O_CLOEXEC);
  if (fd < 0) return source_error(path, errno);
  return Fd(fd);
}

Result<MountTarget> find_target(const PlannedMount& mount, int root, bool directory) {
  TRY(check_target(mount.target));
  bool make_directory =
      mount.create == CreateTarget::like_source ? directory : mount.create == CreateTarget::directory;
  MountTarget target{root, mount.target, {}};
  if (mount.create == CreateTarget::none) {
    auto found = open_target(root, mount.target);
    if (!found.ok() && found.error().code == ENOENT)
      return std::move(found).error().with_remedy("the container has no such path; x-create=auto makes it");
    target.fd = TRY(std::move(found));
  } else {
    target.fd = TRY(make_target(root, mount.target, make_directory ? NodeKind::directory : NodeKind::file));
  }
  return target;
}

Result<MountTarget> find_mount_point(const PlannedMount& mount, int root, bool directory) {
  auto target = TRY(find_target(mount, root, directory));
  if (same_file(target.fd.get(), root))
    return Error{mount.target + ": the target is the container's root itself", "name a directory below it",
                 EBUSY};
  if (is_directory(target.fd.get()) == directory) return target;
  if (directory) return Error{"the source is a directory, the target is not: Not a directory", {}, ENOTDIR};
  return Error{"the target is a directory, the source is not: Is a directory", {}, EISDIR};
}

MountChange change_of(const PlannedMount& mount) {
  return {mount.attributes, mount.recursive_attributes, mount.propagation, mount.recursive_propagation};
}

Result<void> execute_bind(const PlannedMount& mount, int root, const MountApi& api) {
  auto source = TRY(open_source(mount.source));
  auto target = TRY(find_mount_point(mount, root, is_directory(source.get())));
  auto done = api.bind(source.get(), mount.recursive, change_of(mount), target);
  if (!done.ok() && done.error().code == EINVAL && !mount.recursive)
    return std::move(done).error().with_remedy(
        "other file systems are mounted below the source, and a user namespace may not leave them out: use "
        "rbind");
  if (!done.ok() && done.error().code == EPERM)
    return std::move(done).error().with_remedy(
        "an attribute that the host has set on this mount (ro, nosuid, nodev, noexec, atime) cannot be taken "
        "off");
  return done;
}

Result<void> execute_filesystem(const PlannedMount& mount, int root, const MountApi& api) {
  auto target = TRY(find_mount_point(mount, root, true));
  auto done = api.filesystem(mount.type, mount.source, mount.data, change_of(mount), target);
  if (!done.ok() && done.error().code == ENODEV)
    return std::move(done).error().with_remedy(
        "the kernel has no such file system; the fields are "
        "SOURCE TARGET TYPE OPTIONS");
  bool of_kernel = mount.type == "proc" || mount.type == "sysfs";
  if (!done.ok() && done.error().code == EPERM)
    return std::move(done).error().with_remedy(
        of_kernel
            ? "the host's own is partly covered by other mounts, and the kernel then gives users no new one"
            : "the kernel does not let users mount file systems of this type");
  return done;
}

Result<void> execute_move(const PlannedMount& mount, int root, const MountApi& api) {
  auto source = TRY(open_source(mount.source));
  auto target = TRY(find_mount_point(mount, root, is_directory(source.get())));
  auto done = api.move(source.get(), target);
  if (!done.ok() && done.error().code == EINVAL)
    return std::move(done).error().with_remedy("only a mount made by this container can be moved: use rbind");
  return done;
}

Result<void> execute_detach(const PlannedMount& mount, int root) {
  auto found = find_target(mount, root, true);
  if (!found.ok() && found.error().code == ENOENT) found.error().remedy = "the container has no such path";
  auto target = TRY(std::move(found));
  if (same_file(target.fd.get(), root))
    return Error{"the target is the container's root itself", "name a directory below it", EBUSY};
  if (::umount2(fd_path(target.fd.get()).c_str(), MNT_DETACH) == 0) return ok();
  auto error = sys_error("umount");
  if (error.code == EINVAL)
    error.remedy =
        "nothing is mounted there, or it came with the mount above it and cannot be taken out of that";
  return error;
}

Result<void> execute_change(const PlannedMount& mount, int root, const MountApi& api) {
  auto target = TRY(find_target(mount, root, true));
  auto done = api.change(change_of(mount), target);
  if (!done.ok() && done.error().code == EINVAL)
    return std::move(done).error().with_remedy("nothing is mounted there");
  return done;
}

Result<void> dispatch(const PlannedMount& mount, int root, const MountApi& api) {
  switch (mount.action) {
    case MountAction::bind:
      return execute_bind(mount, root, api);
    case MountAction::filesystem:
      return execute_filesystem(mount, root, api);
    case MountAction::move:
      return execute_move(mount, root, api);
    case MountAction::detach:
      return execute_detach(mount, root);
    case MountAction::remount:
      return execute_change(mount, root, api);
  }
  return ok();
}

}  // namespace

Result<void> MountTarget::reopen() {
  fd = TRY(open_target(root, path));
  return ok();
}

Result<void> execute_mount(const PlannedMount& mount, int root, const MountApi& api) {
  auto done = dispatch(mount, root, api);
  if (done.ok()) return done;
  // A missing source is the user's typing error and is told without the step around it.
  if (done.error().message.starts_with("source path")) return done;
  return std::move(done).error().context(mount.describe());
}

Result<void> execute_mounts(const std::vector<PlannedMount>& mounts, int root, const MountApi& api) {
  for (const auto& mount : mounts) {
    auto done = execute_mount(mount, root, api);
    if (done.ok()) continue;
    bool source_missing = done.error().message.starts_with("source path does not exist");
    if (!mount.origin.empty()) done = std::move(done).error().context(mount.origin);
    if (!mount.nofail) return done;
    if (!mount.silent && !source_missing) log::warn(done.error().text());
  }
  return ok();
}

}  // namespace pyxis
