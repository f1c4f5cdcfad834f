// A bounded byte queue between two threads: the writer blocks when it is full, the reader when it is empty.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"

namespace pyxis {

class BytePipe {
 public:
  explicit BytePipe(size_t capacity) : ring_(capacity) {}

  // Queues all of `data`, waiting for room. EPIPE once the reader has closed its end.
  Result<void> write(std::span<const std::byte> data);
  // The writer is done: the reader sees the end after what is queued, or `error` instead of an end.
  void finish(std::optional<Error> error = std::nullopt);

  // Up to buffer.size() bytes; 0 means the end of the stream. The writer's error, if it finished with one.
  Result<size_t> read(std::span<std::byte> buffer);
  // The reader wants no more: the writer's next write fails with EPIPE.
  void close_reader();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::byte> ring_;
  size_t begin_ = 0, size_ = 0;
  bool finished_ = false, reader_closed_ = false;
  std::optional<Error> error_;
};

}  // namespace pyxis
