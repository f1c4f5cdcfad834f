// Where a layer's bytes come from: pulled, one buffer at a time, by the code that unpacks them.
#pragma once

#include <cstddef>
#include <span>

#include "base/byte_pipe.h"
#include "base/result.h"

namespace pyxis {

class ByteSource {
 public:
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  virtual ~ByteSource() = default;

  // Up to buffer.size() bytes (a short count is no end); 0 means the end of the stream. The source's own
  // error otherwise.
  virtual Result<size_t> read(std::span<std::byte> buffer) = 0;
};

// What another thread writes into a BytePipe.
class PipeSource : public ByteSource {
 public:
  explicit PipeSource(BytePipe& pipe) : pipe_(pipe) {}
  Result<size_t> read(std::span<std::byte> buffer) override { return pipe_.read(buffer); }

 private:
  BytePipe& pipe_;
};

// What is read(2) from a descriptor that outlives the source.
class FdSource : public ByteSource {
 public:
  explicit FdSource(int fd) : fd_(fd) {}
  Result<size_t> read(std::span<std::byte> buffer) override;

 private:
  int fd_;
};

// A buffer that outlives the source.
class MemorySource : public ByteSource {
 public:
  explicit MemorySource(std::span<const std::byte> data) : rest_(data) {}
  Result<size_t> read(std::span<std::byte> buffer) override;

 private:
  std::span<const std::byte> rest_;
};

// Fills `buffer` unless the source ends before; gives the number of bytes read.
Result<size_t> read_fully(ByteSource& source, std::span<std::byte> buffer);

}  // namespace pyxis
