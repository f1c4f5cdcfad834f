#include "base/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>

namespace pyxis {
namespace {

Error no_space_aware(std::string_view what, int code) {
  auto error = sys_error(what, code);
  if (code == ENOSPC || code == EDQUOT)
    error.remedy = "free space or inodes on that file system, or raise the quota";
  return error;
}

Error lock_error() {
  auto error = sys_error("flock");
  if (error.code == ENOSYS || error.code == ENOLCK || error.code == EOPNOTSUPP)
    error.remedy =
        "this file system has no locks (Lustre without -o flock?); set ENROOT_DATA_PATH to a local one";
  return error;
}

Result<Fd> open_resolved(int root, const std::string& path, int flags, mode_t mode,
                         unsigned long long resolve) {
  open_how how{};
  how.flags = static_cast<unsigned long long>(flags) | O_CLOEXEC;
  how.mode = mode;
  how.resolve = resolve | RESOLVE_NO_MAGICLINKS;
  for (;;) {
    long fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
    if (fd >= 0) return Fd(static_cast<int>(fd));
    if (errno != EINTR && errno != EAGAIN) return no_space_aware(path, errno);
  }
}

// A directory that is being emptied, and what is still in it.
struct Level {
  std::string name;
  dev_t device = 0;
  ino_t inode = 0;
  std::vector<std::string> left;
};

std::string path_of(const std::vector<Level>& levels, const std::string& last) {
  std::string path;
  for (const auto& level : levels) path += level.name + "/";
  return path + last;
}

// True where `name` is gone; false where it is a directory that is not empty.
Result<bool> remove_one(int dir, const std::string& name) {
  if (::unlinkat(dir, name.c_str(), 0) == 0 || errno == ENOENT) return true;
  int code = errno;
  if (code != EISDIR && code != EPERM && code != EACCES) return sys_error("remove");
  if (::unlinkat(dir, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return true;
  if (errno == ENOTDIR) return sys_error("remove", code);
  return false;
}

// The directory, with all permissions for its owner.
Result<Fd> open_for_removal(int dir, const std::string& name) {
  auto child = open_at(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!child.ok() && child.error().code == EACCES) {
    // A link put in its place is refused by O_NOFOLLOW.
    auto handle = TRY(open_at(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    if (::chmod(fd_path(handle.get()).c_str(), 0700) != 0) return sys_error("chmod");
    child = open_at(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  }
  struct stat info;
  if (child.ok() && ::fstat(child->get(), &info) == 0 && (info.st_mode & 0700) != 0700)
    ::fchmod(child->get(), 0700);
  return child;
}

Result<Level> enter(int dir, const std::string& name) {
  struct stat info;
  if (::fstat(dir, &info) != 0) return sys_error("stat");
  auto names = TRY(list_directory(dir));
  return Level{name, info.st_dev, info.st_ino, std::move(names)};
}

// Up again by "..": right only where that is still the directory we came from.
Result<Fd> leave(int dir, const Level& above) {
  auto parent = TRY(open_at(dir, "..", O_RDONLY | O_DIRECTORY));
  struct stat info;
  if (::fstat(parent.get(), &info) != 0) return sys_error("stat");
  if (info.st_dev != above.device || info.st_ino != above.inode)
    return fail("moved while it was being removed");
  return parent;
}

}  // namespace

Result<Fd> open_at(int dir, const std::string& path, int flags, mode_t mode) {
  for (;;) {
    int fd = ::openat(dir, path.c_str(), flags | O_CLOEXEC, mode);
    if (fd >= 0) return Fd(fd);
    if (errno != EINTR) return no_space_aware(path, errno);
  }
}

Result<Fd> open_in_root(int root, const std::string& path, int flags, mode_t mode) {
  return open_resolved(root, path, flags, mode, RESOLVE_IN_ROOT);
}

Result<Fd> open_beneath(int root, const std::string& path, int flags, mode_t mode) {
  return open_resolved(root, path, flags, mode, RESOLVE_BENEATH);
}

Result<void> check_owner(int fd, const std::string& name, const std::string& remedy) {
  struct stat info;
  if (::fstat(fd, &info) != 0) return sys_error(name);
  if (info.st_uid == ::geteuid()) return ok();
  return Error{"directory " + name + " belongs to another user (uid " + std::to_string(info.st_uid) + ")",
               remedy, EPERM};
}

std::optional<Changeable> changeable_by_others(std::string path) {
  for (int level = 0;; ++level) {
    std::string here = path.empty() ? "/" : path;
    struct stat info;
    if (::stat(here.c_str(), &info) != 0) return Changeable{here, sys_error("is not there").message};
    if (info.st_uid != 0) return Changeable{here, "belongs to uid " + std::to_string(info.st_uid)};
    bool sticky = level > 1 && (info.st_mode & S_ISVTX) != 0;
    if ((info.st_mode & 022) != 0 && !sticky) return Changeable{here, "can be changed by others than root"};
    if (path.empty()) return std::nullopt;
    path.resize(path.find('/') == path.npos ? 0 : path.rfind('/'));
  }
}

bool readable_within(int fd, std::chrono::milliseconds limit) {
  auto end = std::chrono::steady_clock::now() + limit;
  for (;;) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd entry{fd, POLLIN, 0};
    int count = ::poll(&entry, 1, left.count() < 0 ? 0 : static_cast<int>(left.count()));
    if (count > 0) return true;
    if (count == 0 || errno != EINTR) return false;
  }
}

Result<std::string> read_fd(int fd, size_t limit) {
  std::string content;
  for (;;) {
    size_t used = content.size();
    // Most files read here are small, and memory that is never touched is free.
    size_t step = std::max<size_t>(used, 4096);
    content.resize(used + step);
    ssize_t got = ::read(fd, content.data() + used, step);
    if (got < 0 && errno == EINTR)
      got = 0;
    else if (got < 0)
      return sys_error("read");
    else if (got == 0) {
      content.resize(used);
      return content;
    }
    content.resize(used + static_cast<size_t>(got));
    if (content.size() > limit) return sys_error("read", EFBIG);
  }
}

Result<std::string> read_file(int dir, const std::string& path, size_t limit) {
  auto fd = TRY(open_at(dir, path, O_RDONLY));
  return TRY_CONTEXT(read_fd(fd.get(), limit), path);
}

Result<std::string> read_file(const std::string& path, size_t limit) {
  return read_file(AT_FDCWD, path, limit);
}

Result<void> write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    ssize_t written = ::write(fd, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return no_space_aware("write", errno);
    data.remove_prefix(static_cast<size_t>(written));
  }
  return ok();
}

Result<void> write_file(int dir, const std::string& path, std::string_view data, mode_t mode) {
  static std::atomic<unsigned> counter = 0;
  std::string temporary;
  auto open_temporary = [&] {
    temporary = path + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
    return open_at(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  };
  auto opened = open_temporary();
  // Left by a killed process that had this pid, or in use by a process of another node with the same one.
  while (!opened.ok() && opened.error().code == EEXIST) opened = open_temporary();
  auto fd = TRY(std::move(opened));
  auto written = write_all(fd.get(), data);
  if (written.ok() && ::renameat(dir, temporary.c_str(), dir, path.c_str()) != 0)
    written = sys_error("rename to " + path);
  if (!written.ok()) {
    ::unlinkat(dir, temporary.c_str(), 0);
    return std::move(written).error().context(path);
  }
  return ok();
}

Result<void> make_directories(const std::string& path, mode_t mode) {
  for (size_t slash = 1; slash != std::string::npos;) {
    slash = path.find('/', slash);
    auto part = path.substr(0, slash);
    if (slash != std::string::npos) ++slash;
    if (::mkdir(part.c_str(), mode) != 0) {
      int code = errno;
      // EEXIST says nothing of the type, and a read-only or foreign parent answers EROFS or EACCES.
      struct stat info;
      if (::stat(part.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) continue;
      return no_space_aware("create directory " + part, code == EEXIST ? ENOTDIR : code);
    }
  }
  return ok();
}

Result<Fd> make_directory_at(int dir, const std::string& name, mode_t mode) {
  if (::mkdirat(dir, name.c_str(), mode) != 0 && errno != EEXIST)
    return no_space_aware("create directory " + name, errno);
  return open_at(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

Result<std::vector<std::string>> list_directory(int dir, size_t most) {
  auto own = TRY(open_at(dir, ".", O_RDONLY | O_DIRECTORY));  // fdopendir takes the descriptor and its offset
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(own.get()), ::closedir);
  if (!stream) return sys_error("opendir");
  own.release();
  std::vector<std::string> names;
  errno = 0;
  while (auto* entry = names.size() < most ? ::readdir(stream.get()) : nullptr) {
    std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) return sys_error("readdir");
  return names;
}

// A tree may be deeper than the stack, and than a process may have descriptors: only the deepest directory is
// open.
Result<void> remove_tree(int dir, const std::string& name) {
  if (TRY_CONTEXT(remove_one(dir, name), name)) return ok();
  std::vector<Level> levels;
  auto here = TRY_CONTEXT(open_for_removal(dir, name), "remove " + name);
  levels.push_back(TRY_CONTEXT(enter(here.get(), name), "remove " + name));
  while (!levels.empty()) {
    auto& level = levels.back();
    if (!level.left.empty()) {
      auto next = std::move(level.left.back());
      level.left.pop_back();
      if (TRY_CONTEXT(remove_one(here.get(), next), path_of(levels, next))) continue;
      here = TRY_CONTEXT(open_for_removal(here.get(), next), "remove " + path_of(levels, next));
      levels.push_back(TRY_CONTEXT(enter(here.get(), next), "remove " + path_of(levels, next)));
      continue;
    }
    auto emptied = std::move(level.name);
    levels.pop_back();
    if (!levels.empty()) here = TRY_CONTEXT(leave(here.get(), levels.back()), path_of(levels, emptied));
    if (::unlinkat(levels.empty() ? dir : here.get(), emptied.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
      return sys_error("remove " + path_of(levels, emptied));
  }
  return ok();
}

Result<void> lock(int fd, LockMode mode) {
  int operation = mode == LockMode::shared ? LOCK_SH : LOCK_EX;
  while (::flock(fd, operation) != 0)
    if (errno != EINTR) return lock_error();
  return ok();
}

Result<bool> try_lock(int fd, LockMode mode) {
  int operation = (mode == LockMode::shared ? LOCK_SH : LOCK_EX) | LOCK_NB;
  while (::flock(fd, operation) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) return lock_error();
  }
  return true;
}

Result<void> unlock(int fd) {
  if (::flock(fd, LOCK_UN) != 0) return sys_error("unlock");
  return ok();
}

bool still_named(int dir, const std::string& name, int fd) {
  struct stat by_name, by_fd;
  return ::fstatat(dir, name.c_str(), &by_name, AT_SYMLINK_NOFOLLOW) == 0 && ::fstat(fd, &by_fd) == 0 &&
         by_name.st_dev == by_fd.st_dev && by_name.st_ino == by_fd.st_ino;
}

Result<std::string> read_link(int dir, const std::string& name) {
  std::array<char, PATH_MAX> target;
  ssize_t length = ::readlinkat(dir, name.c_str(), target.data(), target.size());
  if (length < 0) return sys_error("readlink " + name);
  return std::string(target.data(), static_cast<size_t>(length));
}

std::string fd_path(int fd) {
  return "/proc/self/fd/" + std::to_string(fd);
}

}  // namespace pyxis
