#include "squash/read_ahead.h"

#define FUSE_USE_VERSION 312
#include <fcntl.h>
#include <fuse3/fuse_lowlevel.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <exception>

#include "squash/file_number.h"

namespace pyxis {
namespace {

constexpr unsigned look_up_threads = 2;

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
  looking_up_ = starting_ = look_up_threads;
  start(&ReadAhead::look_up_all, look_up_threads);
  const auto missing = look_up_threads - static_cast<unsigned>(threads_.size());
  start(&ReadAhead::store_all, threads);
  std::unique_lock lock(mutex_);
  looking_up_ -= missing;
  starting_ -= missing;
  changed_.notify_all();
  changed_.wait(lock, [&] { return starting_ == 0; });
  plan_.top.reset();  // they have their own
}

// As many as there can be.
void ReadAhead::start(void (ReadAhead::*work)(), unsigned threads) {
  try {
    for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this, work] { run(work); });
  } catch (const std::exception&) {
  }
}

ReadAhead::~ReadAhead() {
  {
    std::lock_guard hold(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
}

// Nothing that goes wrong here may end the process: a job's root file system depends on it.
void ReadAhead::run(void (ReadAhead::*work)()) noexcept {
  // What is read ahead takes no processor from whoever needs one now: the task, and the answers it waits for.
  const sched_param none{};
  ::sched_setscheduler(0, SCHED_IDLE, &none);
  try {
    (this->*work)();
  } catch (const std::exception&) {
    stopped_ = true;
    changed_.notify_all();
  }
}

// A table of descriptors of this thread's own, which goes with it.
bool ReadAhead::leave_device() {
  return ::unshare(CLONE_FILES) == 0 && ::close(fuse_session_fd(session_)) == 0;
}

void ReadAhead::look_up_all() {
  const int top = plan_.top.get();
  bool left = leave_device();
  {
    std::lock_guard hold(mutex_);
    --starting_;
  }
  changed_.notify_all();
  try {
    std::vector<char> buffer(image_.info().block_size);
    for (size_t i = next_++; left && i < plan_.list.items.size() && !over(); i = next_++)
      look_up(top, plan_.list.items[i], buffer);
  } catch (const std::exception&) {
    stopped_ = true;
  }
  {
    std::lock_guard hold(mutex_);
    --looking_up_;
  }
  changed_.notify_all();
}

// The kernel gets to know a name, a link's target and a listing by asking this process for them; the content
// of a file it gets unasked. What does not work out here is read when somebody needs it.
void ReadAhead::look_up(int top, const ReadList::Item& item, std::vector<char>& buffer) {
  auto file = open_in_mount(top, item.path, O_PATH | O_NOFOLLOW);
  struct stat info;
  if (!file || ::fstat(file.get(), &info) != 0) return;
  if (S_ISLNK(info.st_mode)) {
    [[maybe_unused]] ssize_t length = ::readlinkat(file.get(), "", buffer.data(), buffer.size());
  } else if (S_ISDIR(info.st_mode) && item.listed) {
    auto directory = open_in_mount(file.get(), ".", O_RDONLY | O_DIRECTORY);
    while (directory && ::syscall(SYS_getdents64, directory.get(), buffer.data(), buffer.size()) > 0) {
    }
  } else if (S_ISREG(info.st_mode) && !item.ranges.empty()) {
    {
      std::lock_guard hold(mutex_);
      found_.push_back({info.st_ino, &item.ranges});
    }
    changed_.notify_all();
  }
}

void ReadAhead::store_all() {
  std::vector<char> buffer(image_.info().block_size);
  for (Content content{}; next(content);) store(content, buffer);
}

// False when there will be nothing more.
bool ReadAhead::next(Content& content) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !found_.empty() || looking_up_ == 0 || stopped_; });
  if (found_.empty() || stopped_) return false;
  content = found_.front();
  found_.pop_front();
  return true;
}

void ReadAhead::store(const Content& content, std::vector<char>& buffer) {
  auto inode = image_.inode(squash::reference_of(image_, content.number));
  if (!inode.ok()) return;
  uint64_t block_size = image_.info().block_size;
  for (const auto& range : *content.ranges)
    for (uint64_t index = range.offset / block_size; index * block_size < range.end(); ++index)
      if (!store_block(content.number, **inode, index, buffer)) return;
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
