// Files by descriptor and name. Nothing here follows a symbolic link out of the directory it was given.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace pyxis {

// openat(2) with O_CLOEXEC added; the error names `path`.
Result<Fd> open_at(int dir, const std::string& path, int flags, mode_t mode = 0);
inline Result<Fd> open_path(const std::string& path, int flags, mode_t mode = 0);

// openat2(2) with RESOLVE_IN_ROOT: `path` is resolved as if `root` were "/"; links and ".." cannot lead out.
Result<Fd> open_in_root(int root, const std::string& path, int flags, mode_t mode = 0);
// openat2(2) with RESOLVE_BENEATH: leaving `root` is an error (EXDEV, "Invalid cross-device link").
Result<Fd> open_beneath(int root, const std::string& path, int flags, mode_t mode = 0);

// EPERM with `remedy`, unless this process's user owns the open file `name`: whoever owns a directory decides
// what is in it.
Result<void> check_owner(int fd, const std::string& name, const std::string& remedy);

// By what others than root could change the file at `path`, or put others beside it: the first of it, its
// directory and those above that is not root's, or that others can write. (Above, a sticky directory lets
// nobody replace what is not his.) Nothing where they cannot. What root runs or loads must not be so.
struct Changeable {
  std::string path, why;  // "can be changed by others than root"
  std::string text() const { return path + " " + why; }
};
std::optional<Changeable> changeable_by_others(std::string path);

// True once the descriptor is readable or at its end, false when that takes longer than `limit`.
bool readable_within(int fd, std::chrono::milliseconds limit);

// What the functions below read unless told otherwise: who writes a file for them keeps to it.
constexpr size_t max_read_bytes = 64u << 20;
// The whole content; EFBIG where it is longer than `limit` bytes.
Result<std::string> read_file(int dir, const std::string& path, size_t limit = max_read_bytes);
Result<std::string> read_file(const std::string& path, size_t limit = max_read_bytes);
Result<std::string> read_fd(int fd, size_t limit = max_read_bytes);
Result<void> write_all(int fd, std::string_view data);
// Writes NAME.tmp-PID-N beside it and renames: readers see the old content or the new, never a part.
Result<void> write_file(int dir, const std::string& path, std::string_view data, mode_t mode = 0644);

// mkdir -p. Directories made get `mode`; those that exist are left alone.
Result<void> make_directories(const std::string& path, mode_t mode = 0755);
// mkdir (EEXIST is fine where it is a directory) and open it with O_NOFOLLOW.
Result<Fd> make_directory_at(int dir, const std::string& name, mode_t mode = 0755);

// rm -rf of dir/name, also of directories whose mode forbids it to their owner. Not existing is fine.
// Never follows a link, never leaves the file system tree it was given.
Result<void> remove_tree(int dir, const std::string& name);

// Where a symbolic link leads, as it says.
Result<std::string> read_link(int dir, const std::string& name);
inline Result<std::string> read_link(const std::string& path);

// The names in a directory without "." and "..", unsorted.
Result<std::vector<std::string>> list_directory(int dir, size_t most = SIZE_MAX);

// Advisory flock(2) on an open description: shared by fork, dropped when the last copy closes.
enum class LockMode { shared, exclusive };
// Waits (interruptibly by no one) until it has the lock.
Result<void> lock(int fd, LockMode mode);
// True if it was had at once.
Result<bool> try_lock(int fd, LockMode mode);
Result<void> unlock(int fd);
// Whether `name` in `dir` is still the file that `fd` is open on. Who waits for the lock of a file that its
// holder may remove asks this once it has the lock: it may be that of no file any more.
bool still_named(int dir, const std::string& name, int fd);

inline Result<Fd> open_path(const std::string& path, int flags, mode_t mode) {
  return open_at(-100 /* AT_FDCWD */, path, flags, mode);
}

inline Result<std::string> read_link(const std::string& path) {
  return read_link(-100 /* AT_FDCWD */, path);
}

// "/proc/self/fd/N": a path for calls that take no descriptor.
std::string fd_path(int fd);

}  // namespace pyxis
