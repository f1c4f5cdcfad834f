#include "layer/copy.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "base/fd.h"
#include "base/fs.h"
#include "layer/layer_marks.h"

namespace pyxis {
namespace {

// Where the kernel will not copy between these two files.
Result<void> copy_by_hand(int from, int to, off_t begin, off_t end) {
  std::vector<char> buffer(256 << 10);
  while (begin < end) {
    auto wanted = std::min(static_cast<size_t>(end - begin), buffer.size());
    ssize_t got = ::pread(from, buffer.data(), wanted, begin);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return sys_error("read");
    if (got == 0) return ok();
    for (ssize_t done = 0; done < got;) {
      ssize_t put = ::pwrite(to, buffer.data() + done, static_cast<size_t>(got - done), begin + done);
      if (put < 0 && errno != EINTR) return sys_error("write");
      if (put > 0) done += put;
    }
    begin += got;
  }
  return ok();
}

Result<void> copy_extent(int from, int to, off_t begin, off_t end) {
  while (begin < end) {
    off_t in = begin, out = begin;
    ssize_t copied = ::copy_file_range(from, &in, to, &out, static_cast<size_t>(end - begin), 0);
    if (copied < 0 && errno == EINTR) continue;
    if (copied < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO)) return sys_error("copy");
    if (copied <= 0) return copy_by_hand(from, to, begin, end);
    begin += copied;
  }
  return ok();
}

Result<void> copy_content(int from, int to, off_t size) {
  if (size == 0 || ::ioctl(to, FICLONE, from) == 0) return ok();
  for (off_t begin = 0; begin < size;) {
    off_t data = ::lseek(from, begin, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;  // a hole up to the end
    if (data < 0) data = begin;             // a file system without holes
    off_t end = ::lseek(from, data, SEEK_HOLE);
    if (end < 0) end = size;
    TRY(copy_extent(from, to, data, end));
    begin = end;
  }
  if (::ftruncate(to, size) != 0) return sys_error("truncate");
  return ok();
}

// Best effort, as in unpacking.
void copy_user_xattrs(int from, int to) {
  std::array<char, 4096> names;
  ssize_t size = ::flistxattr(from, names.data(), names.size());
  std::vector<char> more;
  const char* list = names.data();
  if (size < 0 && errno == ERANGE) {
    more.resize(XATTR_LIST_MAX);
    size = ::flistxattr(from, more.data(), more.size());
    list = more.data();
  }
  for (const char* name = list; size > 0 && name < list + size; name += std::string_view(name).size() + 1) {
    std::string_view text(name);
    if (!text.starts_with("user.") || text.starts_with(overlay_xattr_prefix)) continue;
    std::vector<char> value(XATTR_SIZE_MAX);
    ssize_t length = ::fgetxattr(from, name, value.data(), value.size());
    if (length >= 0) ::fsetxattr(to, name, value.data(), static_cast<size_t>(length), 0);
  }
}

Result<void> copy_file(int from_dir, const std::string& from_name, int to_dir, const std::string& to_name) {
  auto from = TRY(open_at(from_dir, from_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  struct stat info;
  if (::fstat(from.get(), &info) != 0) return sys_error("stat");
  auto to = TRY(open_at(to_dir, to_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  TRY(copy_content(from.get(), to.get(), info.st_size));
  copy_user_xattrs(from.get(), to.get());
  if (::fchmod(to.get(), (info.st_mode & 0777) | 0400) != 0) return sys_error("chmod");
  TRY(copy_time(from.get(), to.get()));
  if (::close(to.release()) != 0 && errno != EINTR) return sys_error("close");
  return ok();
}

Result<void> copy_link(int from_dir, const std::string& from_name, int to_dir, const std::string& to_name) {
  auto target = TRY(read_link(from_dir, from_name));
  if (::symlinkat(target.c_str(), to_dir, to_name.c_str()) != 0) return sys_error("create symbolic link");
  return ok();
}

}  // namespace

Result<void> copy_node(int from_dir, const std::string& from_name, int to_dir, const std::string& to_name) {
  struct stat info;
  if (::fstatat(from_dir, from_name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return sys_error("stat");
  if (S_ISREG(info.st_mode)) return copy_file(from_dir, from_name, to_dir, to_name);
  if (S_ISLNK(info.st_mode)) {
    TRY(copy_link(from_dir, from_name, to_dir, to_name));
  } else if (S_ISFIFO(info.st_mode)) {
    if (::mkfifoat(to_dir, to_name.c_str(), info.st_mode & 0777) != 0) return sys_error("create fifo");
    if (::fchmodat(to_dir, to_name.c_str(), info.st_mode & 0777, 0) != 0) return sys_error("chmod");
  } else {
    return sys_error("copy", EINVAL);
  }
  const timespec times[2] = {{0, UTIME_OMIT}, info.st_mtim};
  if (::utimensat(to_dir, to_name.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) return sys_error("set time");
  return ok();
}

Result<void> copy_directory_attributes(int from, int to) {
  struct stat info;
  if (::fstat(from, &info) != 0) return sys_error("stat");
  if (::fchmod(to, (info.st_mode & 01777) | 0700) != 0) return sys_error("chmod");
  copy_user_xattrs(from, to);
  return ok();
}

Result<void> copy_time(int from, int to) {
  struct stat info;
  if (::fstat(from, &info) != 0) return sys_error("stat");
  const timespec times[2] = {{0, UTIME_OMIT}, info.st_mtim};
  if (::futimens(to, times) != 0) return sys_error("set time");
  return ok();
}

}  // namespace pyxis
