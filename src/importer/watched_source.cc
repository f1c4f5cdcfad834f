#include "importer/watched_source.h"

#include "base/text.h"

namespace pyxis {

WatchedSource::WatchedSource(ByteSource& source, Reporter& reporter, std::stop_token stop)
    : source_(source), reporter_(reporter), stop_(std::move(stop)) {}

WatchedSource::~WatchedSource() {
  reporter_.progress(line(), true);
}

Result<size_t> WatchedSource::read(std::span<std::byte> buffer) {
  constexpr auto tick = std::chrono::milliseconds(100);
  if (stop_.stop_requested()) return sys_error("interrupted", ECANCELED);
  size_t got = TRY(source_.read(buffer));
  bytes_ += got;
  if (auto now = std::chrono::steady_clock::now(); now - told_ >= tick) {
    reporter_.progress(line(), false);
    told_ = now;
  }
  return got;
}

std::string WatchedSource::line() const {
  return human_bytes(bytes_) + " of the archive";
}

}  // namespace pyxis
