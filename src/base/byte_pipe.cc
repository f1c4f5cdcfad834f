#include "base/byte_pipe.h"

#include <algorithm>

namespace pyxis {

Result<void> BytePipe::write(std::span<const std::byte> data) {
  std::unique_lock hold(mutex_);
  while (!data.empty()) {
    changed_.wait(hold, [&] { return size_ < ring_.size() || reader_closed_; });
    if (reader_closed_) return sys_error("write to a closed pipe", EPIPE);
    size_t end = (begin_ + size_) % ring_.size();
    size_t room = std::min({data.size(), ring_.size() - size_, ring_.size() - end});
    std::copy_n(data.begin(), room, ring_.begin() + static_cast<std::ptrdiff_t>(end));
    size_ += room;
    data = data.subspan(room);
    changed_.notify_all();
  }
  return ok();
}

void BytePipe::finish(std::optional<Error> error) {
  std::lock_guard hold(mutex_);
  finished_ = true;
  error_ = std::move(error);
  changed_.notify_all();
}

Result<size_t> BytePipe::read(std::span<std::byte> buffer) {
  std::unique_lock hold(mutex_);
  changed_.wait(hold, [&] { return size_ > 0 || finished_; });
  if (size_ == 0 && error_) return *error_;
  size_t count = std::min({buffer.size(), size_, ring_.size() - begin_});
  std::copy_n(ring_.begin() + static_cast<std::ptrdiff_t>(begin_), count, buffer.begin());
  begin_ = (begin_ + count) % ring_.size();
  size_ -= count;
  changed_.notify_all();
  return count;
}

void BytePipe::close_reader() {
  std::lock_guard hold(mutex_);
  reader_closed_ = true;
  changed_.notify_all();
}

}  // namespace pyxis
