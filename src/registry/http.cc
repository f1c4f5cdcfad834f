#include "registry/http.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>

#include "base/text.h"
#include "registry/transfer.h"

namespace pyxis {
namespace {

constexpr int max_redirects = 10;

bool is_redirect(const HttpResponse& response) {
  constexpr std::array statuses = {301L, 302L, 303L, 307L, 308L};
  return std::ranges::find(statuses, response.status) != statuses.end();
}

// The request to send next, or why there is none.
Result<HttpRequest> follow(const HttpRequest& request, const HttpResponse& response) {
  auto target = TRY_CONTEXT(resolve_url(request.url, response.header("location")), "redirect");
  if (target.plain() && !request.url.plain())
    return fail("refused a redirect from https to plain http at " + target.host,
                "tell the registry's administrator");
  HttpRequest next = request;
  next.url = target;
  if (target.origin() != request.url.origin()) next.authorization.clear();
  return next;
}

Transfer::Deadline deadline_from(const HttpSettings& settings, const HttpRequest& request,
                                 std::chrono::milliseconds spent,
                                 std::chrono::steady_clock::time_point begin) {
  std::chrono::milliseconds allowed = settings.answer_timeout, total = settings.total_answer_timeout;
  if (request.answer_timeout.count() > 0)
    allowed = std::min<std::chrono::milliseconds>(allowed, request.answer_timeout);
  if (total.count() == 0) return {begin + allowed, allowed};
  return {begin + std::min(allowed, total - spent), std::min(allowed, total)};
}

HttpOutcome ended(HttpFailure failure, Error error) {
  HttpOutcome outcome;
  outcome.failure = failure;
  outcome.error = std::move(error);
  return outcome;
}

}  // namespace

// Hands out transfers, the one used last first: its connection is the likeliest to be open.
class Http::Pool {
 public:
  explicit Pool(unsigned size) : free_places_(std::max(size, 1u)) {
    // Initialises libcurl and the TLS library once, thread-safe by the language's rule for statics.
    static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
    (void)initialised;
  }

  // Nothing if `stop` came first.
  std::unique_ptr<Transfer> take(const std::stop_token& stop) {
    std::unique_lock hold(mutex_);
    if (!changed_.wait(hold, stop, [&] { return free_places_ > 0; })) return nullptr;
    --free_places_;
    if (idle_.empty()) return std::make_unique<Transfer>();
    auto transfer = std::move(idle_.back());
    idle_.pop_back();
    return transfer;
  }

  void give_back(std::unique_ptr<Transfer> transfer) {
    {
      std::lock_guard hold(mutex_);
      idle_.push_back(std::move(transfer));
      ++free_places_;
    }
    changed_.notify_one();
  }

  // A transfer that finds its way back.
  struct Lease {
    Pool& pool;
    std::unique_ptr<Transfer> transfer;
    ~Lease() {
      if (transfer) pool.give_back(std::move(transfer));
    }
  };

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<std::unique_ptr<Transfer>> idle_;
  unsigned free_places_;
};

std::string HttpResponse::header(const std::string& lower_case_name) const {
  auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string() : found->second;
}

Http::Http(HttpSettings settings)
    : settings_(std::move(settings)),
      pool_(std::make_unique<Pool>(settings_.max_connections)),
      tls_(settings_.certificate_directories, settings_.ca_file, settings_.ca_directory) {}
Http::~Http() = default;

HttpOutcome Http::perform(const HttpRequest& request, const BodySink& sink, size_t body_limit,
                          const std::stop_token& stop) {
  Pool::Lease lease{*pool_, pool_->take(stop)};
  if (!lease.transfer) return ended(HttpFailure::cancelled, sys_error("interrupted", ECANCELED));
  auto begin = std::chrono::steady_clock::now();
  auto deadline = deadline_from(settings_, request, std::chrono::milliseconds(spent_), begin);
  HttpRequest current = request;
  HttpOutcome outcome;
  for (int redirects = 0;; ++redirects) {
    auto tls = tls_.of(current.url);
    if (!tls.ok()) {
      outcome = ended(HttpFailure::final, std::move(tls).error());
      break;
    }
    outcome = lease.transfer->run(settings_, **tls, current, sink, body_limit, deadline, stop);
    if (outcome.failure != HttpFailure::none || !is_redirect(outcome.response) || request.method == "POST")
      break;
    auto next = redirects < max_redirects ? follow(current, outcome.response)
                                          : Result<HttpRequest>(fail("more than 10 redirects"));
    if (!next.ok()) {
      outcome = ended(HttpFailure::final, std::move(next).error());
      break;
    }
    current = std::move(*next);
  }
  spent_ +=
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count();
  if (outcome.error && current.url.host != request.url.host)
    outcome.error = std::move(*outcome.error).context("redirected to " + current.url.host);
  return outcome;
}

}  // namespace pyxis
