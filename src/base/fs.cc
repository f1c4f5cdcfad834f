#include "base/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <memory>

namespace pyxis {
namespace {

Error no_space_aware(std::string_view what, int code) {
  auto error = sys_error(what, code);
  if (code == ENOSPC || code == EDQUOT) error.remedy = "free space or inodes on that file system, or raise the quota";
  return error;
}

Error lock_error() {
  auto error = sys_error("flock");
  if (error.code == ENOSYS || error.code == ENOLCK || error.code == EOPNOTSUPP)
    error.remedy = "this file system has no locks (Lustre without -o flock?); set ENROOT_DATA_PATH to a local one";
  return error;
}

Result<Fd> open_resolved(int root, const std::string& path, int flags, mode_t mode, unsigned long long resolve) {
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

// Removes what is in `dir`. Directories that cannot be read are made readable first.
Result<void> empty_directory(int dir) {
  for (const auto& name : TRY(list_directory(dir))) TRY(remove_tree(dir, name));
  return ok();
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

Result<std::string> read_fd(int fd, size_t limit) {
  std::string content;
  constexpr size_t step = 64 << 10;
  for (;;) {
    size_t used = content.size();
    content.resize(used + step);
    ssize_t got = ::read(fd, content.data() + used, step);
    if (got < 0 && errno == EINTR) got = 0;
    else if (got < 0) return sys_error("read");
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

Result<std::string> read_file(const std::string& path, size_t limit) { return read_file(AT_FDCWD, path, limit); }

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
  auto temporary = path + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
  auto fd = TRY(open_at(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode));
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
    if (::mkdir(part.c_str(), mode) != 0 && errno != EEXIST) {
      int code = errno;
      struct stat info;  // a read-only or foreign parent answers EROFS/EACCES even where the directory exists
      if (::stat(part.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) continue;
      return no_space_aware("create directory " + part, code);
    }
  }
  return ok();
}

Result<Fd> make_directory_at(int dir, const std::string& name, mode_t mode) {
  if (::mkdirat(dir, name.c_str(), mode) != 0 && errno != EEXIST)
    return no_space_aware("create directory " + name, errno);
  return open_at(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

Result<std::vector<std::string>> list_directory(int dir) {
  auto own = TRY(open_at(dir, ".", O_RDONLY | O_DIRECTORY));  // fdopendir takes the descriptor and its offset
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(own.get()), ::closedir);
  if (!stream) return sys_error("opendir");
  own.release();
  std::vector<std::string> names;
  errno = 0;
  while (auto* entry = ::readdir(stream.get())) {
    std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) return sys_error("readdir");
  return names;
}

Result<void> remove_tree(int dir, const std::string& name) {
  if (::unlinkat(dir, name.c_str(), 0) == 0 || errno == ENOENT) return ok();
  if (errno != EISDIR && errno != EPERM && errno != EACCES) return sys_error("remove " + name);
  if (::unlinkat(dir, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return ok();
  auto child = open_at(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!child.ok() && child.error().code == EACCES) {
    // The name is a directory (unlink said EISDIR), and a link put in its place is refused by O_NOFOLLOW next.
    auto handle = TRY(open_at(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    if (::chmod(fd_path(handle.get()).c_str(), 0700) != 0) return sys_error("chmod " + name);
    child = open_at(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  }
  if (!child.ok()) return std::move(child).error().context("remove");
  struct stat info;
  if (::fstat(child->get(), &info) == 0 && (info.st_mode & 0700) != 0700) ::fchmod(child->get(), 0700);
  TRY_CONTEXT(empty_directory(child->get()), name);
  if (::unlinkat(dir, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) return sys_error("remove " + name);
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

std::string fd_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

}  // namespace pyxis
