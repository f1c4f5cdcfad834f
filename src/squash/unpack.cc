#include "squash/unpack.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "base/fs.h"
#include "base/text.h"
#include "squash/format.h"
#include "squash/work_queue.h"

namespace pyxis {
namespace {

using Inode = SquashReader::Inode;
using InodePointer = std::shared_ptr<const Inode>;
using Kind = SquashReader::Kind;

// A file larger than this is written by several threads at once, a part each.
constexpr uint64_t part_bytes = 8 << 20;
constexpr size_t tasks_per_thread = 16;
constexpr unsigned max_depth = 2000;  // of directories, each of which is open on the way down
constexpr std::string_view overlay_prefix = "user.overlay.";

Result<void> set_time(int fd, uint32_t mtime) {
  const timespec times[2] = {{0, UTIME_OMIT}, {mtime, 0}};
  if (::futimens(fd, times) != 0 && errno != EINVAL) return sys_error("set time");
  return ok();
}

// A directory while something is made in it; its time is set when that is over.
class Directory {
 public:
  Directory(Fd fd, uint32_t mtime) : fd_(std::move(fd)), mtime_(mtime) {}
  ~Directory() { (void)set_time(fd_.get(), mtime_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  int get() const { return fd_.get(); }

 private:
  Fd fd_;
  uint32_t mtime_;
};
using DirectoryPointer = std::shared_ptr<Directory>;

// A file in the making: the last of its parts finishes it.
struct File {
  InodePointer inode;
  DirectoryPointer directory;
  std::string name, path;
  Fd fd;
  std::atomic<uint64_t> parts_left = 1;
};

// Of a path in the image, for messages.
std::string shown(const std::string& path) {
  return "/" + printable(path);
}

class Unpacker {
 public:
  Unpacker(const SquashReader& image, const UnpackRequest& request)
      : image_(image), request_(request), queue_(request.threads, request.threads * tasks_per_thread) {}

  Result<void> unpack() {
    auto top = TRY(open_at(request_.destination, ".", O_RDONLY | O_DIRECTORY));
    auto root = TRY(image_.inode(image_.root()));
    directories_.insert(root->reference);
    auto walked = fill(*root, std::move(top), "", 0);
    auto done = queue_.finish();
    return walked.ok() || !done.ok() ? std::move(done) : std::move(walked);
  }

 private:
  Error damaged(const std::string& path, const std::string& what) const {
    return Error{shown(path) + ": the image is damaged: " + what, {}, EIO};
  }

  // Everything in a directory that is open and empty.
  Result<void> fill(const Inode& inode, Fd fd, const std::string& path, unsigned depth) {
    if (depth > max_depth) return damaged(path, "more than " + std::to_string(max_depth) + " directories");
    auto listing = TRY_CONTEXT(image_.list(inode), shown(path));
    auto directory = std::make_shared<Directory>(std::move(fd), inode.mtime);
    TRY_CONTEXT(set_attributes(directory->get(), inode), shown(path));
    while (auto entry = TRY_CONTEXT(listing.next(), shown(path))) {
      if (request_.stop.stop_requested()) return sys_error("stopped", ECANCELED);
      auto below = path.empty() ? entry->name : path + "/" + entry->name;
      auto found = TRY_CONTEXT(image_.inode(entry->reference), shown(below));
      if (found->kind == Kind::directory)
        TRY(add_directory(*found, *directory, entry->name, below, depth + 1));
      else
        TRY(add_other(found, directory, entry->name, below));
    }
    // Not to be changed any more once nothing needs to be made in it.
    if (::fchmod(directory->get(), (inode.mode & 01777) | 0700) != 0)
      return sys_error(shown(path) + ": chmod");
    return ok();
  }

  Result<void> add_directory(const Inode& inode, const Directory& parent, const std::string& name,
                             const std::string& path, unsigned depth) {
    // Otherwise an image could hold itself.
    if (!directories_.insert(inode.reference).second) return damaged(path, "a directory with several names");
    if (::mkdirat(parent.get(), name.c_str(), 0700) != 0) return sys_error(shown(path));
    auto made = TRY_CONTEXT(open_at(parent.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), shown(path));
    return fill(inode, std::move(made), path, depth);
  }

  Result<void> add_other(const InodePointer& inode, const DirectoryPointer& directory,
                         const std::string& name, const std::string& path) {
    switch (inode->kind) {
      case Kind::regular:
        return add_file(inode, directory, name, path);
      case Kind::symlink:
        if (::symlinkat(inode->target.c_str(), directory->get(), name.c_str()) != 0)
          return sys_error(shown(path));
        return set_time_at(*directory, name, inode->mtime, path);
      case Kind::fifo:
        // What changes modes by path is not for this process (imagefile/confine.h).
        if (::mkfifoat(directory->get(), name.c_str(), inode->mode & 0777) != 0)
          return sys_error(shown(path));
        return set_time_at(*directory, name, inode->mtime, path);
      default:
        return ok();
    }
  }

  // For what cannot be opened.
  static Result<void> set_time_at(const Directory& directory, const std::string& name, uint32_t mtime,
                                  const std::string& path) {
    const timespec times[2] = {{0, UTIME_OMIT}, {mtime, 0}};
    if (::utimensat(directory.get(), name.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0 && errno != EINVAL)
      return sys_error(shown(path) + ": set time");
    return ok();
  }

  Result<void> add_file(const InodePointer& inode, const DirectoryPointer& directory, const std::string& name,
                        const std::string& path) {
    bool several_names = inode->links > 1;
    if (several_names) {
      auto [first, added] = linked_.try_emplace(inode->reference, path);
      if (!added && link(first->second, *directory, name)) return ok();
    }
    std::shared_ptr<File> file(new File{inode, directory, name, path, {}, 1});
    if (several_names) return write_whole(*file);  // at once: its next name is linked to it
    if (inode->size <= part_bytes) return queue_.add([this, file] { return write_whole(*file); });
    TRY(create(*file));
    file->parts_left = (inode->size + part_bytes - 1) / part_bytes;
    for (uint64_t begin = 0; begin < inode->size; begin += part_bytes)
      TRY(queue_.add([this, file, begin] { return write_part(*file, begin, begin + part_bytes); }));
    return ok();
  }

  // False where it cannot be: too many links, too long a path, a file system or a confinement that refuses. A
  // copy serves as well.
  bool link(const std::string& first, const Directory& directory, const std::string& name) const {
    return ::linkat(request_.destination, first.c_str(), directory.get(), name.c_str(), 0) == 0;
  }

  static Result<void> create(File& file) {
    constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    file.fd = TRY_CONTEXT(open_at(file.directory->get(), file.name, flags, 0600), shown(file.path));
    return ok();
  }

  Result<void> write_whole(File& file) {
    TRY(create(file));
    return write_part(file, 0, file.inode->size);
  }

  Result<void> write_part(File& file, uint64_t begin, uint64_t end) {
    TRY_CONTEXT(write_content(file, begin, std::min(end, file.inode->size)), shown(file.path));
    if (--file.parts_left > 0) return ok();
    TRY_CONTEXT(finish(file), shown(file.path));
    return ok();
  }

  // Block by block; holes stay holes.
  Result<void> write_content(const File& file, uint64_t begin, uint64_t end) {
    thread_local std::vector<char> buffer(squash::max_block_bytes);
    const auto& inode = *file.inode;
    const uint64_t block_size = image_.info().block_size;
    while (begin < end) {
      if (request_.stop.stop_requested()) return sys_error("stopped", ECANCELED);
      auto in_block = std::min(end - begin, block_size - begin % block_size);
      if (!TRY(image_.is_hole(inode, begin))) {
        auto part = std::span(buffer).first(in_block);
        if (TRY(image_.read(inode, begin, part)) != in_block) return sys_error("read", EIO);
        TRY(write_at(file.fd.get(), begin, part));
        count(in_block);
      }
      begin += in_block;
    }
    return ok();
  }

  static Result<void> write_at(int fd, uint64_t offset, std::span<const char> data) {
    while (!data.empty()) {
      ssize_t put = ::pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return sys_error("write");
      data = data.subspan(static_cast<size_t>(put));
      offset += static_cast<size_t>(put);
    }
    return ok();
  }

  Result<void> finish(File& file) {
    const auto& inode = *file.inode;
    if (::ftruncate(file.fd.get(), static_cast<off_t>(inode.size)) != 0) return sys_error("truncate");
    TRY(set_attributes(file.fd.get(), inode));
    if (::fchmod(file.fd.get(), (inode.mode & 0777) | 0400) != 0) return sys_error("chmod");
    TRY(set_time(file.fd.get(), inode.mtime));
    // File servers report a full disk here.
    if (::close(file.fd.release()) != 0 && errno != EINTR) return sys_error("close");
    return ok();
  }

  // Those that there are, best effort: not every file system has them, and an image is usable without.
  Result<void> set_attributes(int fd, const Inode& inode) {
    if (!image_.info().attributes) return ok();
    for (const auto& [name, value] : TRY(image_.attributes(inode)))
      if (name.starts_with("user.") && !name.starts_with(overlay_prefix))
        ::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0);
    return ok();
  }

  void count(size_t bytes) {
    if (!request_.progress) return;
    std::lock_guard lock(progress_mutex_);
    request_.progress(bytes_ += bytes);
  }

  const SquashReader& image_;
  const UnpackRequest& request_;
  std::unordered_set<uint64_t> directories_;
  std::unordered_map<uint64_t, std::string> linked_;  // files with several names: the one made first
  std::mutex progress_mutex_;
  uint64_t bytes_ = 0;
  squash::WorkQueue queue_;  // the last: its threads use the others
};

}  // namespace

Result<void> unpack_image(const SquashReader& image, const UnpackRequest& request) {
  return Unpacker(image, request).unpack();
}

}  // namespace pyxis
