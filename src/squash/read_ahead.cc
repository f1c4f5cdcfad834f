#include "squash/read_ahead.h"

#define FUSE_USE_VERSION 312
#include <fcntl.h>
#include <fuse3/fuse_lowlevel.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <exception>

#include "squash/file_number.h"

namespace pyxis {
namespace {

// A link on the way, or "..", would lead to files that are not the image's.
Fd open_in_mount(int directory, const std::string& path, uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  return Fd(static_cast<int>(::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how)));
}

}  // namespace

ReadAhead::ReadAhead(ReadAheadPlan plan, const SquashReader& image, fuse_session* session, ReadLog& log,
                     unsigned threads)
    : plan_(std::move(plan)), image_(image), session_(session), log_(log) {
  try {
    for (unsigned i = 0; i < threads; ++i) {
      ++users_;
      threads_.emplace_back([this] { run(); });
    }
  } catch (const std::exception&) {
    leave();  // for the one that could not be
  }
  leave();
}

ReadAhead::~ReadAhead() {
  stopped_ = true;
  for (auto& thread : threads_) thread.join();
}

void ReadAhead::leave() {
  if (--users_ == 0) plan_.top.reset();
}

// Nothing that goes wrong here may end the process: a job's root file system depends on it.
void ReadAhead::run() noexcept {
  try {
    work();
  } catch (const std::exception&) {
    stopped_ = true;
  }
  leave();
}

void ReadAhead::work() {
  std::vector<char> buffer(image_.info().block_size);
  for (size_t i = next_++; i < plan_.list.items.size(); i = next_++) {
    if (over()) break;
    prepare(plan_.list.items[i], buffer);
  }
}

// The kernel gets to know a name, a link's target and a listing by asking this process for them; the content
// of a file it gets unasked. What does not work out here is read when somebody needs it.
void ReadAhead::prepare(const ReadList::Item& item, std::vector<char>& buffer) {
  auto file = open_in_mount(plan_.top.get(), item.path, O_PATH | O_NOFOLLOW);
  struct stat info;
  if (!file || ::fstat(file.get(), &info) != 0) return;
  if (S_ISLNK(info.st_mode)) {
    [[maybe_unused]] ssize_t length = ::readlinkat(file.get(), "", buffer.data(), buffer.size());
  } else if (S_ISDIR(info.st_mode) && item.listed) {
    auto directory = open_in_mount(file.get(), ".", O_RDONLY | O_DIRECTORY);
    while (directory && ::syscall(SYS_getdents64, directory.get(), buffer.data(), buffer.size()) > 0) {
    }
  } else if (S_ISREG(info.st_mode) && !item.ranges.empty()) {
    auto inode = image_.inode(squash::reference_of(image_, info.st_ino));
    if (!inode.ok()) return;
    uint64_t block_size = image_.info().block_size;
    for (const auto& range : item.ranges)
      for (uint64_t index = range.offset / block_size; index * block_size < range.end(); ++index)
        if (!store_block(info.st_ino, **inode, index, buffer)) return;
  }
}

// Whole blocks, each once: to decode them is what takes long. (include/uapi/linux/fuse.h, FUSE_NOTIFY_STORE.)
bool ReadAhead::store_block(uint64_t number, const SquashReader::Inode& inode, uint64_t index,
                            std::vector<char>& buffer) {
  uint64_t offset = index * buffer.size();
  if (over()) return false;
  if (!is_first(number, index) || log_.was_read(number, offset)) return true;
  auto got = image_.read(inode, offset, buffer);
  if (!got.ok() || *got == 0) return false;
  fuse_bufvec block = FUSE_BUFVEC_INIT(*got);
  block.buf[0].mem = buffer.data();
  return fuse_lowlevel_notify_store(session_, number, static_cast<off_t>(offset), &block,
                                    fuse_buf_copy_flags{}) == 0;
}

bool ReadAhead::over() {
  if (!stopped_ && plan_.abandoned()) stopped_ = true;
  return stopped_;
}

bool ReadAhead::is_first(uint64_t number, uint64_t index) {
  std::lock_guard hold(mutex_);
  return blocks_.insert({number, index}).second;
}

}  // namespace pyxis
