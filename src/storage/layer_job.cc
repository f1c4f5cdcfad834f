#include "storage/layer_job.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <vector>

#include "base/disk_full.h"
#include "base/pipe.h"
#include "base/process.h"
#include "base/text.h"
#include "storage/layer_report.h"
#include "storage/turn.h"
#include "store/layers.h"

namespace pyxis {
namespace {

constexpr size_t chunk_bytes = 256u << 10;
constexpr size_t max_report_bytes = 64u << 20;

// The program that unpacks what is written to `blob`.
class Unpacker {
 public:
  static Result<Unpacker> start(const std::string& program, int directory) {
    auto [ours, theirs] = TRY(make_socket_pair());
    Unpacker unpacker;
    unpacker.report_ = std::move(ours);
    auto pipe = TRY(make_pipe());
    SpawnRequest request;
    request.program = program;
    request.arguments = {"pyxis-unpack"};
    request.descriptors = {{theirs.get(), unpack_report_fd},
                           {pipe.reader.get(), unpack_blob_fd},
                           {directory, unpack_directory_fd_of_layer}};
    request.close_others = true;
    request.no_new_privileges = true;
    request.parent_death_signal = SIGKILL;
    unpacker.process_ = TRY(spawn(request));
    unpacker.blob_ = std::move(pipe.writer);
    return unpacker;
  }

  Result<void> write(std::string_view data) { return write_all(blob_.get(), data); }

  Result<LayerMeta> outcome() {
    blob_.reset();
    auto report = receive_message(report_.get(), max_report_bytes);
    auto status = TRY(process_.wait());
    if (!report.ok()) return fail("pyxis-unpack " + describe_wait_status(status) + " without a word");
    return decode_layer_report(report->body);
  }

 private:
  Child process_;
  Fd report_, blob_;
};

class LayerImport {
 public:
  explicit LayerImport(LayerJob job) : job_(std::move(job)) {}

  StorageReply run() {
    auto brought = bring();
    if (!brought.ok())
      return StorageReply::failure(explain_full_disk(std::move(brought).error(), job_.store.layers()),
                                   job_.number);
    return reply(*brought);
  }

 private:
  using Kind = StorageReply::Kind;

  StorageReply reply(Kind kind) const {
    StorageReply reply;
    reply.kind = kind;
    reply.layer = job_.number;
    return reply;
  }
  // With the end of a pipe that the user writes to. No descriptor of a user's is ever read from.
  Result<void> ask_for_bytes() {
    auto pipe = TRY(make_pipe());
    blob_ = std::move(pipe.reader);
    return send_message(job_.keeper.get(), reply(Kind::send).encode(), {pipe.writer.get()});
  }

  void tell(const StorageReply& reply) const { (void)send_message(job_.keeper.get(), reply.encode()); }

  Result<Kind> bring() {
    auto turn =
        TRY(Turn::take(job_.store, job_.layer.digest, job_.layer.size, [&](uint64_t done, uint64_t total) {
          auto waiting = reply(Kind::waiting);
          waiting.done = done;
          waiting.total = total;
          tell(waiting);
        }));
    if (TRY(has_layer(job_))) return Kind::here;
    TRY(ask_for_bytes());
    if (TRY(layer_present(job_.store, job_.layer.digest)))
      TRY(receive(turn, [](std::string_view) { return ok(); }));
    else
      TRY(unpack(turn));
    TRY(job_.grants.note_proof(job_.layer.digest));
    TRY(job_.grants.note_origin(job_.layer.digest, job_.origin));
    return Kind::brought;
  }

  Result<void> unpack(const Turn& turn) {
    auto staging = TRY(job_.store.stage());
    auto directory = TRY(make_directory_at(staging.fd(), "fs", 0755));
    auto unpacker = TRY(Unpacker::start(job_.unpacker, directory.get()));
    auto received = receive(turn, [&](std::string_view data) { return unpacker.write(data); });
    // EPIPE: it has stopped reading, and says why.
    if (!received.ok() && received.error().code != EPIPE) return received;
    auto meta = TRY_CONTEXT(unpacker.outcome(), "layer " + job_.layer.digest.text());
    TRY(std::move(received));
    meta.blob_bytes = job_.layer.size;
    // Two may have brought it side by side, where one was slow.
    auto alone = TRY(job_.store.lock_exclusive("publish-" + job_.layer.digest.hex()));
    if (TRY(layer_present(job_.store, job_.layer.digest))) return ok();
    return publish_layer(job_.store, job_.layer.digest, std::move(staging), meta);
  }

  // Exactly the bytes of the layer, given to `sink` as they come, or an error.
  template <class Sink>
  Result<void> receive(const Turn& turn, Sink&& sink) {
    Hasher hasher(job_.layer.digest.algorithm());
    std::vector<char> buffer(chunk_bytes);
    uint64_t done = 0, told = 0;
    constexpr uint64_t step = 1u << 20;
    for (;;) {
      ssize_t got = ::read(blob_.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return sys_error("receive layer " + job_.layer.digest.text());
      if (got == 0) break;
      std::string_view data(buffer.data(), static_cast<size_t>(got));
      done += data.size();
      if (done > job_.layer.size) break;
      hasher.update(std::as_bytes(std::span(data)));
      TRY(sink(data));
      if (done - told >= step) turn.progress(told = done, job_.layer.size);
    }
    if (done == job_.layer.size && hasher.finish() == job_.layer.digest) return ok();
    return fail(
        "layer " + job_.layer.digest.text() + ": " + std::to_string(done) + " bytes came that are not it",
        "run the command again");
  }

  LayerJob job_;
  Fd blob_;
};

}  // namespace

Result<bool> has_layer(const LayerJob& job) {
  bool theirs = job.grants.proven_lately(job.layer.digest) ||
                (job.vouched && job.grants.comes_from(job.layer.digest, job.origin));
  return theirs && TRY(layer_present(job.store, job.layer.digest));
}

void run_layer_job(LayerJob job, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) return;
  ::prctl(PR_SET_NAME, "pyxis-layer");
  auto keeper = job.keeper.get();
  LayerImport import(std::move(job));
  (void)send_message(keeper, import.run().encode());
}

}  // namespace pyxis
