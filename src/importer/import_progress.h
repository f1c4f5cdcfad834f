// Counts what an import has done and tells a reporter ten times a second, from a thread of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "engine/reporter.h"

namespace pyxis {

class ImportProgress {
 public:
  ImportProgress(Reporter& reporter, size_t layers, uint64_t bytes);
  ~ImportProgress();
  ImportProgress(const ImportProgress&) = delete;
  ImportProgress& operator=(const ImportProgress&) = delete;

  void downloaded(uint64_t bytes) { bytes_done_ += bytes; }
  void layer_done() { ++layers_done_; }
  // Somebody else imports a layer that we need: +1 while waiting, -1 afterwards.
  void waiting(int change) { waiting_ += change; }
  // How far that one is, all together: bytes that were added since, done and to do.
  void others(int64_t done, int64_t total) {
    others_done_ += done;
    others_total_ += total;
  }

 private:
  void run();
  std::string line() const;

  Reporter& reporter_;
  const size_t layers_;
  const uint64_t bytes_;
  const std::chrono::steady_clock::time_point begin_;
  std::atomic<uint64_t> bytes_done_ = 0;
  std::atomic<size_t> layers_done_ = 0;
  std::atomic<int> waiting_ = 0;
  std::atomic<int64_t> others_done_ = 0, others_total_ = 0;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool over_ = false;
  std::thread ticker_;
};

}  // namespace pyxis
