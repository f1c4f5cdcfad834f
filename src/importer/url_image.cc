#include "importer/url_image.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>

#include "base/disk_full.h"
#include "base/text.h"
#include "contract/image_file_name.h"
#include "engine/helper_program.h"
#include "engine/user_store.h"
#include "importer/registry_access.h"
#include "registry/auth.h"
#include "registry/explain.h"
#include "registry/http.h"
#include "registry/retry.h"
#include "store/downloads.h"

namespace pyxis {
namespace {

constexpr size_t longest_page = 64u << 10;
constexpr long not_modified = 304;

// As registries are called: without the usual port.
std::string host_of(const Url& url) {
  bool usual = url.port == (url.plain() ? "80" : "443");
  return usual ? url.host : url.host + ":" + url.port;
}

Result<void> check_allowed(const Url& url, const ClientSettings& client) {
  auto host = host_of(url);
  const auto* rule = client.registries.find(host, "");
  if (rule && rule->blocked)
    return Error{
        without_query(url.text) + ": the site has blocked '" + rule->prefix + "' (" + rule->match.where + ")",
        "ask its administrators", EPERM};
  if (!url.plain() || is_loopback(url.host) || client.http.allow_http || (rule && rule->location.insecure))
    return ok();
  return fail(without_query(url.text) + ": plain http is not allowed",
              "write https://, or see ENROOT_ALLOW_HTTP in the admin guide");
}

// The file as it comes, from where it has got to.
class Incoming {
 public:
  Incoming(Fd file, std::string name, Reporter& reporter)
      : file_(std::move(file)), name_(std::move(name)), reporter_(reporter) {}
  ~Incoming() { reporter_.progress(line(), true); }
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;

  uint64_t bytes() const { return bytes_; }
  Result<void> take(const HttpResponse& head, std::span<const std::byte> data) {
    if (!begun_) TRY(begin(head));
    TRY(write_all(file_.get(), {reinterpret_cast<const char*>(data.data()), data.size()}));
    bytes_ += data.size();
    if (!known_ && bytes_ >= looked_at) TRY(check_kind());
    if (auto now = std::chrono::steady_clock::now(); now - told_ >= std::chrono::milliseconds(100)) {
      reporter_.progress(line(), false);
      told_ = now;
    }
    return ok();
  }
  void begin_response() { begun_ = false; }
  // Only what it is; whether it is whole shows when it is read.
  Result<void> check_kind() {
    char first[looked_at] = {};
    if (::pread(file_.get(), first, sizeof first, 0) < 0) return sys_error(name_);
    known_ = std::string_view(first, 4) == "hsqs" || std::string_view(first + 32, 9) == "SIF_MAGIC";
    return known_ ? ok()
                  : Result<void>(
                        fail(name_ + " is neither a squashfs file nor a SIF file", "check the address"));
  }

 private:
  static constexpr size_t looked_at = 64;

  // A server may ignore Range, or have another file by now: then it begins anew.
  Result<void> begin(const HttpResponse& head) {
    begun_ = true;
    if (head.status == 206) return ok();
    if (::ftruncate(file_.get(), 0) != 0 || ::lseek(file_.get(), 0, SEEK_SET) != 0) return sys_error(name_);
    bytes_ = 0;
    total_ = parse_number<uint64_t>(head.header("content-length")).value_or(0);
    return ok();
  }
  std::string line() const {
    auto of = total_ > 0 ? " of " + human_bytes(total_) : "";
    return name_ + ": " + human_bytes(bytes_) + of;
  }

  Fd file_;
  std::string name_;
  Reporter& reporter_;
  uint64_t bytes_ = 0, total_ = 0;
  bool begun_ = false, known_ = false;
  std::chrono::steady_clock::time_point told_ = std::chrono::steady_clock::now();
};

class UrlImage {
 public:
  UrlImage(const Settings& settings, const ImportRequest& request, Reporter& reporter, Url url)
      : settings_(settings),
        name_(request.reference.path),
        shown_(without_query(name_)),
        reporter_(reporter),
        url_(std::move(url)),
        stop_(stop_on_signals()) {}

  Result<std::string> bring() {
    auto store = TRY(open_user_store(settings_));
    TRY(store.sweep_staging());
    auto turn = TRY(store.lock_exclusive(download_lock(name_)));
    auto known = TRY(find_download(store, name_));
    if (known && TRY(still_the_same(*known))) {
      touch_download(store, name_);
      return known->path;
    }
    return download(store);
  }

 private:
  struct Server {
    explicit Server(const ClientSettings& given) : client(given), http(client.http) {}
    ClientSettings client;
    Http http;
  };

  Result<std::unique_ptr<Server>> server(Patience patience) {
    auto client = TRY(registry_settings(settings_, patience, reporter_));
    TRY(check_allowed(url_, client));
    return std::make_unique<Server>(client);
  }

  // Asked again with the user's login for that host, where it wants one.
  Result<HttpOutcome> ask(Server& to, HttpRequest request, const BodySink& sink) {
    Authenticator who(to.http, to.client.credentials, {host_of(url_), "", ""}, to.client.warn);
    request.url = url_;
    for (int round = 0;; ++round) {
      request.authorization = who.authorization();
      auto outcome = to.http.perform(request, sink, longest_page, stop_);
      identity_ = who.identity();
      bool refused = outcome.failure == HttpFailure::none && outcome.response.status == 401 &&
                     outcome.response.url.origin() == url_.origin();
      if (!refused || round > 0 || !TRY(who.renew(outcome.response, request.authorization, stop_)))
        return outcome;
    }
  }

  Error explained(Server& by, const HttpOutcome& outcome, unsigned attempts) {
    Inquiry inquiry;
    inquiry.object = shown_;
    inquiry.registry = host_of(url_);
    inquiry.identity = identity_;
    inquiry.places = by.client.credentials.list();
    inquiry.attempts = attempts;
    auto error = explain(inquiry, outcome);
    if (outcome.response.status == 404) error.remedy = "check the address";
    return error;
  }

  Result<bool> still_the_same(const Download& known) {
    if (known.etag.empty() && known.last_modified.empty()) return false;
    auto by = TRY(server(Patience::brief));
    HttpRequest question;
    question.method = "HEAD";
    if (!known.etag.empty()) question.headers.emplace_back("If-None-Match", known.etag);
    if (!known.last_modified.empty()) question.headers.emplace_back("If-Modified-Since", known.last_modified);
    auto outcome = TRY(ask(*by, question, {}));
    const auto& answer = outcome.response;
    if (unanswered(outcome.failure) || (outcome.failure == HttpFailure::none && answer.status >= 500)) {
      reporter_.warn("using " + shown_ + " as it was last downloaded: " + explained(*by, outcome, 1).message);
      return true;
    }
    if (outcome.failure != HttpFailure::none) return explained(*by, outcome, 1);
    if (answer.status == not_modified) return true;
    return answer.status == 200 && !known.etag.empty() && answer.header("etag") == known.etag;
  }

  Result<std::string> download(const Store& store) {
    auto staging = TRY(store.stage());
    auto file = TRY(open_at(staging.fd(), "image", O_RDWR | O_CREAT | O_EXCL, 0600));
    auto facts = fetch(std::move(file));
    if (!facts.ok()) return explain_full_disk(std::move(facts).error(), staging.fd());
    return publish_download(store, std::move(staging), *facts);
  }

  Result<Download> fetch(Fd file) {
    auto by = TRY(server(Patience::patient));
    Incoming incoming(std::move(file), shown_, reporter_);
    Backoff backoff(by->client.http, stop_);
    Download facts;
    facts.url = name_;
    BodySink sink = [&](const HttpResponse& head, std::span<const std::byte> data) -> Result<void> {
      facts.etag = head.header("etag");
      facts.last_modified = head.header("last-modified");
      return incoming.take(head, data);
    };
    for (;;) {
      HttpRequest request;
      // The rest, if it is still of the same file: a weak tag does not say so (RFC 9110, 13.1.5).
      auto same = facts.etag.starts_with("W/") ? facts.last_modified
                                               : (facts.etag.empty() ? facts.last_modified : facts.etag);
      if (incoming.bytes() > 0 && !same.empty()) {
        request.headers.emplace_back("Range", "bytes=" + std::to_string(incoming.bytes()) + "-");
        request.headers.emplace_back("If-Range", same);
      }
      incoming.begin_response();
      auto before = incoming.bytes();
      auto outcome = TRY(ask(*by, request, sink));
      bool good = outcome.failure == HttpFailure::none &&
                  (outcome.response.status == 200 || outcome.response.status == 206);
      if (good) break;
      constexpr uint64_t enough_progress = 1u << 20;
      if (incoming.bytes() > before + enough_progress) backoff.progress();
      if (backoff.again(outcome)) continue;
      if (stop_.stop_requested()) return sys_error(shown_, ECANCELED);
      return explained(*by, outcome, backoff.attempts());
    }
    TRY(incoming.check_kind());
    facts.bytes = incoming.bytes();
    return facts;
  }

  const Settings& settings_;
  const std::string name_, shown_;
  Reporter& reporter_;
  const Url url_;
  const std::stop_token stop_;
  std::string identity_;
};

}  // namespace

Result<std::string> bring_url_image(const Settings& settings, const ImportRequest& request,
                                    Reporter& reporter) {
  auto url = TRY(parse_url(request.reference.path));
  return UrlImage(settings, request, reporter, std::move(url)).bring();
}

}  // namespace pyxis
