// A source that can be stopped, and tells how far it is.
#pragma once

#include <chrono>
#include <stop_token>

#include "engine/reporter.h"
#include "layer/byte_source.h"

namespace pyxis {

class WatchedSource : public ByteSource {
 public:
  WatchedSource(ByteSource& source, Reporter& reporter, std::stop_token stop);
  ~WatchedSource() override;
  WatchedSource(const WatchedSource&) = delete;
  WatchedSource& operator=(const WatchedSource&) = delete;

  // ECANCELED once it is stopped.
  Result<size_t> read(std::span<std::byte> buffer) override;

 private:
  std::string line() const;

  ByteSource& source_;
  Reporter& reporter_;
  std::stop_token stop_;
  uint64_t bytes_ = 0;
  std::chrono::steady_clock::time_point told_ = std::chrono::steady_clock::now();
};

}  // namespace pyxis
