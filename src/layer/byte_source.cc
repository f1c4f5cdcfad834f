#include "layer/byte_source.h"

#include <unistd.h>

#include <algorithm>

namespace pyxis {

Result<size_t> FdSource::read(std::span<std::byte> buffer) {
  for (;;) {
    ssize_t got = ::read(fd_, buffer.data(), buffer.size());
    if (got >= 0) return static_cast<size_t>(got);
    if (errno != EINTR) return sys_error("read layer");
  }
}

Result<size_t> MemorySource::read(std::span<std::byte> buffer) {
  size_t count = std::min(buffer.size(), rest_.size());
  std::copy_n(rest_.begin(), count, buffer.begin());
  rest_ = rest_.subspan(count);
  return count;
}

Result<size_t> read_fully(ByteSource& source, std::span<std::byte> buffer) {
  size_t filled = 0;
  while (filled < buffer.size()) {
    size_t got = TRY(source.read(buffer.subspan(filled)));
    if (got == 0) break;
    filled += got;
  }
  return filled;
}

}  // namespace pyxis
