// "Writing NAME: 1.5 GB packed", told ten times a second at most.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/text.h"
#include "engine/reporter.h"

namespace pyxis {

class ByteProgress {
 public:
  // `before` and `after` are the words around the number.
  ByteProgress(Reporter& reporter, std::string before, std::string after)
      : reporter_(reporter), before_(std::move(before)), after_(std::move(after)) {}
  ~ByteProgress() { reporter_.progress("", true); }
  ByteProgress(const ByteProgress&) = delete;
  ByteProgress& operator=(const ByteProgress&) = delete;

  void reached(uint64_t bytes) {
    auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    reporter_.progress(before_ + human_bytes(bytes) + after_, false);
  }

 private:
  Reporter& reporter_;
  std::string before_, after_;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace pyxis
