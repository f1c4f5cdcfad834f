#include "importer/import_progress.h"

#include "base/text.h"

namespace pyxis {
namespace {

constexpr auto tick = std::chrono::milliseconds(100);

}

ImportProgress::ImportProgress(Reporter& reporter, size_t layers, uint64_t bytes)
    : reporter_(reporter),
      layers_(layers),
      bytes_(bytes),
      begin_(std::chrono::steady_clock::now()),
      ticker_([this] { run(); }) {}

ImportProgress::~ImportProgress() {
  {
    std::lock_guard hold(mutex_);
    over_ = true;
  }
  ended_.notify_all();
  ticker_.join();
  reporter_.progress(line(), true);
}

void ImportProgress::run() {
  std::unique_lock hold(mutex_);
  while (!ended_.wait_for(hold, tick, [this] { return over_; })) reporter_.progress(line(), false);
}

std::string ImportProgress::line() const {
  std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin_;
  auto rate = static_cast<uint64_t>(static_cast<double>(bytes_done_) / std::max(elapsed.count(), 0.001));
  auto text = "layers " + std::to_string(layers_done_) + "/" + std::to_string(layers_) + ", " +
              human_bytes(bytes_done_) + " of " + human_bytes(bytes_) + ", " + human_bytes(rate) + "/s";
  if (waiting_ > 0) text += ", waiting for another import of " + std::to_string(waiting_) + " of them";
  if (int64_t total = others_total_; waiting_ > 0 && total > 0)
    text += " (" + human_bytes(static_cast<uint64_t>(others_done_)) + " of " +
            human_bytes(static_cast<uint64_t>(total)) + ")";
  return text;
}

}  // namespace pyxis
