#include "importer/share.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <thread>

#include "base/fs.h"
#include "base/pipe.h"
#include "image/config.h"
#include "importer/import_progress.h"
#include "importer/layer_import.h"
#include "importer/registry_access.h"
#include "store/images.h"

namespace pyxis {
namespace {

// A layer that the helper knows of: the end of its pipe that is ours, and who downloads into it.
struct Transfer {
  Fd blob;
  std::thread download;
  Result<void> outcome;
  bool waiting = false;
  int64_t others_done = 0, others_total = 0;
};

class Upload {
 public:
  Upload(SharedStore& shared, std::span<const Descriptor> layers, const FetchBlob& fetch, unsigned workers,
         ImportProgress& progress, const std::stop_token& stop)
      : shared_(shared),
        layers_(layers),
        fetch_(fetch),
        workers_(std::min<size_t>(workers, max_storage_jobs)),
        progress_(progress),
        stop_(stop),
        stopped_(::eventfd(0, EFD_CLOEXEC)),
        on_stop_(stop, [this] { wake(); }) {}
  ~Upload() {
    for (auto& [number, transfer] : transfers_) end(transfer);
  }
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  // Ends once the helper has answered for every layer it was asked about, whatever went wrong.
  Result<void> run(std::deque<uint64_t> wanted) {
    while (!transfers_.empty() || (!error_ && !wanted.empty())) {
      while (!error_ && !wanted.empty() && transfers_.size() < workers_) {
        TRY(offer(wanted.front()));
        wanted.pop_front();
      }
      if (TRY(stop_requested()))
        abandon(sys_error("stopped", ECANCELED));
      else
        TRY(take_reply());
    }
    return error_ ? Result<void>(std::move(*error_)) : ok();
  }

 private:
  using Kind = StorageReply::Kind;

  void wake() {
    uint64_t one = 1;
    [[maybe_unused]] auto written = ::write(stopped_.get(), &one, sizeof one);
  }

  // Waits for a reply or the wish to stop, which is seen once.
  Result<bool> stop_requested() {
    std::array<pollfd, 2> watched{{{error_ ? -1 : stopped_.get(), POLLIN, 0}, {shared_.socket(), POLLIN, 0}}};
    while (::poll(watched.data(), watched.size(), -1) < 0)
      if (errno != EINTR) return sys_error("poll");
    return watched[0].revents != 0;
  }

  Result<void> offer(uint64_t number) {
    TRY(shared_.bring(number));
    transfers_[number];
    return ok();
  }

  Result<void> take_reply() {
    auto reply = TRY(shared_.next_reply());
    auto found = transfers_.find(reply.layer);
    if (found == transfers_.end())
      return reply.kind == Kind::failed ? Error{reply.text, reply.remedy, reply.code}
                                        : fail("the storage helper speaks of a layer that is not coming");
    auto& transfer = found->second;
    if (reply.kind == Kind::waiting) {
      wait(transfer, true);
      follow(transfer, static_cast<int64_t>(reply.done), static_cast<int64_t>(reply.total));
      return ok();
    }
    wait(transfer, false);
    follow(transfer, 0, 0);
    if (reply.kind == Kind::send) {
      start(reply.layer, transfer);
      return ok();
    }
    end(transfer);
    // What the helper says of a stream that broke off is a consequence; the download knows the cause.
    if (!transfer.outcome.ok() && transfer.outcome.error().code != EPIPE)
      abandon(std::move(transfer.outcome).error());
    else if (reply.kind == Kind::failed)
      abandon(Error{reply.text, reply.remedy, reply.code});
    else
      progress_.layer_done();
    transfers_.erase(found);
    return ok();
  }

  void wait(Transfer& transfer, bool waits) {
    if (transfer.waiting != waits) progress_.waiting(waits ? +1 : -1);
    transfer.waiting = waits;
  }

  // What another one imports of this layer.
  void follow(Transfer& transfer, int64_t done, int64_t total) {
    progress_.others(done - transfer.others_done, total - transfer.others_total);
    transfer.others_done = done;
    transfer.others_total = total;
  }

  void start(uint64_t number, Transfer& transfer) {
    transfer.blob = shared_.take_descriptor();
    if (error_) return transfer.blob.reset();
    transfer.download = std::thread([this, &transfer, layer = &layers_[number]] {
      transfer.outcome = fetch_(*layer, [&](std::span<const std::byte> data) -> Result<void> {
        if (failed_) return fail("stopped after another layer's failure");
        progress_.downloaded(data.size());
        return write_all(transfer.blob.get(), {reinterpret_cast<const char*>(data.data()), data.size()});
      });
      transfer.blob.reset();
    });
  }

  // The first error counts. Who still waits for bytes or for his turn sees that none will come.
  void abandon(Error error) {
    if (!error_) error_ = std::move(error);
    failed_ = true;
    for (auto& [number, transfer] : transfers_)
      if (!transfer.download.joinable()) (void)shared_.drop(number);
  }

  void end(Transfer& transfer) {
    if (transfer.download.joinable()) transfer.download.join();
    transfer.blob.reset();
  }

  SharedStore& shared_;
  std::span<const Descriptor> layers_;
  const FetchBlob& fetch_;
  const size_t workers_;
  ImportProgress& progress_;
  const std::stop_token stop_;
  Fd stopped_;
  std::stop_callback<std::function<void()>> on_stop_;
  std::map<uint64_t, Transfer> transfers_;
  std::atomic<bool> failed_ = false;
  std::optional<Error> error_;
};

// The largest first, and one of several that are the same.
std::deque<uint64_t> order_of(std::span<const Descriptor> layers, const std::vector<uint64_t>& wanted) {
  std::set<Digest> seen;
  std::deque<uint64_t> order;
  for (uint64_t number : wanted)
    if (seen.insert(layers[number].digest).second) order.push_back(number);
  std::ranges::stable_sort(order, std::greater(), [&](uint64_t number) { return layers[number].size; });
  return order;
}

Result<void> bring_layers(SharedStore& shared, std::span<const Descriptor> layers,
                          const std::vector<uint64_t>& wanted, const FetchBlob& fetch, unsigned workers,
                          Reporter& reporter, const std::stop_token& stop) {
  for (uint64_t number : wanted)
    if (number >= layers.size()) return fail("the storage helper wants a layer that the image does not have");
  auto order = order_of(layers, wanted);
  if (order.empty()) return ok();
  uint64_t bytes = 0;
  for (uint64_t number : order) bytes += layers[number].size;
  // A helper that ends is an error of write(2), and not this process's end.
  ::signal(SIGPIPE, SIG_IGN);
  ImportProgress progress(reporter, order.size(), bytes);
  return Upload(shared, layers, fetch, workers, progress, stop).run(std::move(order));
}

StorageRequest begin_of(const StoredImage& image, const ImageOrigin& origin, std::string authorization) {
  StorageRequest begin;
  begin.kind = StorageRequest::Kind::begin;
  begin.reference = image.reference;
  begin.manifest = image.manifest;
  begin.config = image.config;
  begin.origin = origin;
  begin.authorization = std::move(authorization);
  return begin;
}

}  // namespace

Result<Digest> share_image(const Store& store, SharedStore& shared, const Settings& settings,
                           const ImportRequest& request, Reporter& reporter, const std::stop_token& stop) {
  auto client = TRY(open_registry(request.reference, settings, Patience::patient, reporter, stop));
  auto resolved = TRY(client->resolve(request.reference, request.platform));
  auto pinned = request.reference.pinned(resolved.manifest_digest);
  ImageOrigin origin{pinned.registry, pinned.repository};
  // The helper asks the registry about an image that is there while its configuration comes to us.
  TRY(shared.claim(resolved.manifest_digest, origin, client->authorization(pinned)));
  auto config = client->get_blob(pinned, resolved.parsed.config, max_config_bytes);
  std::string warning;
  auto present = TRY(shared.settle(warning));
  StoredImage image;
  image.digest = resolved.manifest_digest;
  image.reference = request.reference.canonical();
  image.manifest = resolved.manifest.bytes;
  image.config = TRY_CONTEXT(std::move(config), "image configuration");
  TRY(check_platform(TRY_CONTEXT(parse_config(image.config), "image configuration"), request.platform));
  for (const auto& layer : resolved.parsed.layers) image.layers.push_back(layer.digest);
  image.shared = true;
  if (present) {
    if (!warning.empty()) warn_of_shared(reporter, request.shown_as, warning);
    image.shared_bytes = *present;
  } else {
    auto begin = begin_of(image, origin, client->authorization(pinned));
    auto wanted = TRY(shared.begin(begin));
    FetchBlob fetch = [&](const Descriptor& layer, const BlobSink& sink) {
      return client->fetch_blob(pinned, layer, sink);
    };
    TRY(bring_layers(shared, resolved.parsed.layers, wanted, fetch, settings.max_connections, reporter,
                     stop));
    image.shared_bytes = TRY(shared.finish());
  }
  TRY(publish_image(store, TRY(store.stage()), image));
  TRY(record_name(store, {recorded_name(request), resolved.index_digest, image.digest}));
  return image.digest;
}

}  // namespace pyxis
