#include "importer/layer_import.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <thread>

#include "base/byte_pipe.h"
#include "base/text.h"
#include "importer/import_progress.h"
#include "layer/byte_source.h"

namespace pyxis {
namespace {

constexpr size_t pipe_bytes = 4u << 20;  // between the network and the unpacker of one layer

Result<std::vector<Descriptor>> missing_layers_largest_first(const Store& store,
                                                             std::span<const Descriptor> layers) {
  std::vector<Descriptor> missing;
  for (const auto& layer : layers) {
    bool listed =
        std::any_of(missing.begin(), missing.end(), [&](const auto& m) { return m.digest == layer.digest; });
    if (!listed && !TRY(layer_present(store, layer.digest))) missing.push_back(layer);
  }
  std::stable_sort(missing.begin(), missing.end(),
                   [](const auto& a, const auto& b) { return a.size > b.size; });
  return missing;
}

// A download that cannot fit is refused before it starts. Unpacked it needs more: that shows while unpacking.
Result<void> check_space(const Store& store, uint64_t needed) {
  struct statvfs info;
  if (::statvfs(store.path().c_str(), &info) != 0) return ok();
  uint64_t available = info.f_bavail * info.f_frsize;
  if (needed <= available) return ok();
  return fail("no space on the file system of " + store.path() + ": the layers need at least " +
                  human_bytes(needed) + ", " + human_bytes(available) + " are free",
              "free space there, or set ENROOT_DATA_PATH to a directory on a larger file system");
}

class LayerImporter {
 public:
  LayerImporter(const Store& store, const FetchBlob& fetch, ImportProgress& progress)
      : store_(store), fetch_(fetch), progress_(progress) {}

  // Takes one layer after another until none is left or somebody failed.
  void work(std::span<const Descriptor> layers) {
    for (;;) {
      size_t index = next_++;
      if (index >= layers.size() || stopped_) return;
      auto imported = import(layers[index]);
      if (!imported.ok()) return stop(std::move(imported).error());
      progress_.layer_done();
    }
  }

  Result<void> outcome() { return error_ ? Result<void>(std::move(*error_)) : ok(); }

 private:
  void stop(Error error) {
    std::lock_guard hold(mutex_);
    if (!error_) error_ = std::move(error);
    stopped_ = true;
  }

  Result<void> import(const Descriptor& layer) {
    progress_.waiting(+1);
    auto hold = lock_layer(store_, layer.digest);
    progress_.waiting(-1);
    if (!hold.ok()) return std::move(hold).error();
    if (TRY(layer_present(store_, layer.digest))) return ok();  // another process made it while we waited
    auto staging = TRY(store_.stage());
    auto facts = TRY_CONTEXT(download_and_unpack(layer, staging.fd()), "layer " + layer.digest.text());
    return publish_layer(store_, layer.digest, std::move(staging), layer_meta(layer.size, facts));
  }

  // Two threads and a pipe: one downloads and hashes, this one inflates and writes files.
  Result<LayerFacts> download_and_unpack(const Descriptor& layer, int staging) {
    auto directory = TRY(make_directory_at(staging, "fs", 0755));
    BytePipe pipe(pipe_bytes);
    Result<void> download;
    std::thread downloader([&] {
      download = fetch_(layer, [&](std::span<const std::byte> data) -> Result<void> {
        if (stopped_) return fail("stopped after another layer's failure");
        progress_.downloaded(data.size());
        return pipe.write(data);
      });
      pipe.finish(download.ok() ? std::nullopt : std::optional(download.error()));
    });
    PipeSource source(pipe);
    auto unpacked = unpack_layer(source, directory.get(), {layer_form(store_), {}});
    // Bytes behind the archive's end are part of the blob: its digest is known once all have come.
    if (unpacked.ok()) unpacked = drain(source, std::move(unpacked));
    pipe.close_reader();
    downloader.join();
    // The unpacker's complaint about a stream that broke off is a consequence; the download knows the cause.
    if (!download.ok() && download.error().code != EPIPE) return std::move(download).error();
    if (!unpacked.ok()) return std::move(unpacked).error().context("unpack into " + store_.path());
    return unpacked;
  }

  static Result<LayerFacts> drain(PipeSource& source, Result<LayerFacts> unpacked) {
    std::array<std::byte, 16 << 10> buffer;
    for (;;)
      if (TRY(source.read(buffer)) == 0) return unpacked;
  }

  const Store& store_;
  const FetchBlob& fetch_;
  ImportProgress& progress_;
  std::atomic<size_t> next_ = 0;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;
  std::optional<Error> error_;
};

}  // namespace

LayerMeta layer_meta(uint64_t blob_bytes, const LayerFacts& facts) {
  LayerMeta meta{
      blob_bytes, facts.files, facts.bytes, {}, facts.implied_directories, facts.hides_lower_layers};
  for (const auto& link : facts.external_links) meta.links.push_back({link.path, link.target});
  return meta;
}

LayerForm layer_form(const Store& store) {
  return store.form() == StoreForm::overlay ? LayerForm::overlay : LayerForm::plain;
}

Result<void> import_layers(const Store& store, const FetchBlob& fetch, std::span<const Descriptor> layers,
                           unsigned workers, Reporter& reporter) {
  auto missing = TRY(missing_layers_largest_first(store, layers));
  if (missing.empty()) return ok();
  uint64_t bytes = 0;
  for (const auto& layer : missing) bytes += layer.size;
  TRY(check_space(store, bytes));
  ImportProgress progress(reporter, missing.size(), bytes);
  LayerImporter importer(store, fetch, progress);
  std::vector<std::thread> threads;
  size_t count = std::min<size_t>(workers, missing.size());
  for (size_t i = 0; i < count; ++i) threads.emplace_back([&] { importer.work(missing); });
  for (auto& thread : threads) thread.join();
  return importer.outcome();
}

}  // namespace pyxis
