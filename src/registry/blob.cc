#include "registry/blob.h"

#include <algorithm>

#include "base/text.h"
#include "registry/retry.h"

namespace pyxis {
namespace {

constexpr size_t max_error_page = 64u << 10;
constexpr std::uint64_t enough_progress =
    1u << 20;  // a server must not keep us busy forever with a byte at a time

constexpr long range_not_satisfiable = 416;  // here: there is nothing behind what we have

// What has been delivered so far, and what the next bytes of a response are.
class Stream {
 public:
  Stream(const Descriptor& blob, const BlobSink& sink)
      : blob_(blob), sink_(sink), hasher_(blob.digest.algorithm()) {}

  std::uint64_t delivered() const { return delivered_; }
  bool complete() const { return delivered_ == blob_.size; }
  // What came is not what was asked for, or the sink wants no more: nobody else can go on.
  bool spoilt() const { return spoilt_; }

  void begin_response() {
    begun_ = false;
    skip_ = 0;
  }

  Result<void> take(const HttpResponse& head, std::span<const std::byte> data) {
    auto taken = try_to_take(head, data);
    spoilt_ = spoilt_ || !taken.ok();
    return taken;
  }

  Error too_short() {
    spoilt_ = true;
    return fail("the registry has " + std::to_string(delivered_) + " of the " + std::to_string(blob_.size) +
                    " bytes the manifest states",
                "the registry or a proxy alters content, or the manifest is wrong");
  }

  Result<void> check_digest() {
    auto got = hasher_.finish();
    if (got == blob_.digest) return ok();
    return fail("its content has the digest " + got.text() + ": it was altered or damaged",
                "try again; if it stays, the registry or a proxy in between delivers wrong content");
  }

 private:
  Result<void> try_to_take(const HttpResponse& head, std::span<const std::byte> data) {
    if (!begun_) TRY(check_begin(head));
    begun_ = true;
    size_t known = static_cast<size_t>(std::min<std::uint64_t>(skip_, data.size()));
    skip_ -= known;
    data = data.subspan(known);
    if (data.empty()) return ok();
    if (data.size() > blob_.size - delivered_)
      return fail(
          "the registry sends more than the " + std::to_string(blob_.size) + " bytes the manifest states",
          "the registry or a proxy alters content, or the manifest is wrong");
    hasher_.update(data);
    delivered_ += data.size();
    return sink_(data);
  }

  // A server may ignore Range and begin anew: then what is known is skipped.
  Result<void> check_begin(const HttpResponse& head) {
    if (head.status == 200) {
      skip_ = delivered_;
      return ok();
    }
    // "bytes 100-199/200" (RFC 9110, 14.4)
    auto range = head.header("content-range");
    std::string_view text = range;
    if (text.starts_with("bytes ")) text.remove_prefix(6);
    auto begin = parse_number<std::uint64_t>(text.substr(0, text.find('-')));
    if (begin && *begin == delivered_) return ok();
    return fail("asked for byte " + std::to_string(delivered_) + " and on, the registry answered with '" +
                printable(range) + "'");
  }

  const Descriptor& blob_;
  const BlobSink& sink_;
  Hasher hasher_;
  std::uint64_t delivered_ = 0, skip_ = 0;
  bool begun_ = false, spoilt_ = false;
};

// A whole response that is shorter than the blob is an interruption like any other.
void note_shortness(HttpOutcome& outcome, const Stream& stream, const Descriptor& blob) {
  bool success = outcome.response.status == 200 || outcome.response.status == 206;
  if (outcome.failure != HttpFailure::none || !success || stream.complete()) return;
  outcome.failure = HttpFailure::transfer;
  outcome.error = fail("it ended after " + std::to_string(stream.delivered()) + " of " +
                       std::to_string(blob.size) + " bytes");
}

// What one session has of it, from where the stream is. An Error where it has not all the rest.
Result<void> stream_from(Session& session, Stream& stream, const BlobSources& sources,
                         const HttpSettings& settings, const Descriptor& blob, const std::string& object,
                         const std::stop_token& stop) {
  Backoff backoff(settings, stop);
  bool first = true;
  BodySink body = [&](const HttpResponse& head, std::span<const std::byte> data) {
    if (std::exchange(first, false) && sources.used) sources.used(session);
    return stream.take(head, data);
  };
  std::uint64_t mark = stream.delivered();
  for (;;) {
    Session::Question question;
    question.path = "blobs/" + blob.digest.text();
    question.body_limit = max_error_page;
    if (stream.delivered() > 0)
      question.headers.emplace_back("Range", "bytes=" + std::to_string(stream.delivered()) + "-");
    stream.begin_response();
    auto outcome = TRY_CONTEXT(session.ask(question, body, stop), object);
    if (outcome.response.status == range_not_satisfiable && stream.delivered() > 0)
      return stream.too_short().context(object);
    note_shortness(outcome, stream, blob);
    bool success = outcome.response.status == 200 || outcome.response.status == 206;
    if (outcome.failure == HttpFailure::none && success) return ok();
    if (outcome.failure == HttpFailure::transfer && stream.complete())
      return ok();  // it broke after the last byte
    if (stream.delivered() - mark >= enough_progress) backoff.progress();
    mark = stream.delivered();
    if (!session.mirror() && backoff.again(outcome)) continue;
    if (stop.stop_requested()) return sys_error(object, ECANCELED);
    return session.explain_outcome(object, outcome, backoff.attempts());
  }
}

}  // namespace

Result<void> stream_blob(const BlobSources& sources, const HttpSettings& settings, const Descriptor& blob,
                         const std::string& object, const BlobSink& sink, const std::stop_token& stop) {
  Stream stream(blob, sink);
  for (auto* session : sources.sessions) {
    auto streamed = stream_from(*session, stream, sources, settings, blob, object, stop);
    if (streamed.ok()) break;
    if (session == sources.sessions.back() || stream.spoilt() || stop.stop_requested()) return streamed;
    if (sources.passed_over) sources.passed_over(*session, streamed.error());
  }
  auto checked = stream.check_digest();
  if (!checked.ok()) return std::move(checked).error().context(object);
  return ok();
}

}  // namespace pyxis
