#include "squash/read_ahead.h"

#define FUSE_USE_VERSION 312
#include <fcntl.h>
#include <fuse3/fuse_lowlevel.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "squash/file_number.h"

namespace pyxis {

ReadAhead::ReadAhead(ReadAheadPlan plan, const SquashReader& image, fuse_session* session, ReadLog& log,
                     unsigned threads)
    : plan_(std::move(plan)), image_(image), session_(session), log_(log), running_(threads) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

ReadAhead::~ReadAhead() {
  stopped_ = true;
  for (auto& thread : threads_) thread.join();
}

void ReadAhead::run() {
  std::vector<char> buffer(image_.info().block_size);
  for (size_t i = next_++; i < plan_.list.items.size(); i = next_++) {
    if (over()) break;
    prepare(plan_.list.items[i], buffer);
  }
  if (--running_ == 0) plan_.top.reset();
}

// The kernel gets to know a name, a link's target and a listing by asking this process for them; the content
// of a file it gets unasked. What does not work out here is read when somebody needs it.
void ReadAhead::prepare(const ReadList::Item& item, std::vector<char>& buffer) {
  int top = plan_.top.get();
  const char* path = item.path.c_str();
  struct stat info;
  if (::fstatat(top, path, &info, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (S_ISLNK(info.st_mode)) {
    [[maybe_unused]] ssize_t length = ::readlinkat(top, path, buffer.data(), buffer.size());
  } else if (S_ISDIR(info.st_mode) && item.listed) {
    Fd directory(::openat(top, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
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
