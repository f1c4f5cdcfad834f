#include "registry/session.h"

#include <array>

#include "registry/explain.h"
#include "registry/retry.h"

namespace pyxis {
namespace {

constexpr size_t max_error_page = 64u << 10;

// Whether a registry that may be on either scheme is on this one.
bool speaks(const Url& url, const HttpOutcome& outcome) {
  if (outcome.failure != HttpFailure::none) return false;
  // Go's TLS server tells plain requests so: "Client sent an HTTP request to an HTTPS server."
  return !(url.plain() && outcome.response.status == 400 &&
           outcome.response.body.find("HTTPS") != std::string::npos);
}

// Which of the two schemes the registry is on, by its answer.
Result<Url> try_schemes(Http& http, const std::string& registry, const Url& secure,
                        std::chrono::seconds connect_timeout, const std::stop_token& stop) {
  bool loopback = is_loopback(registry);
  auto plain = TRY(parse_url("http://" + registry + "/v2/"));
  std::string causes, remedy;
  bool reached = false;
  for (const auto& url : loopback ? std::array{plain, secure} : std::array{secure, plain}) {
    HttpRequest request;
    request.url = url;
    request.connect_timeout = connect_timeout;
    request.answer_timeout = 2 * connect_timeout;
    auto outcome = http.perform(request, {}, max_error_page, stop);
    if (speaks(url, outcome)) return url;
    if (outcome.failure == HttpFailure::cancelled) return *outcome.error;
    auto cause = outcome.error ? outcome.error->message : "wants https";
    causes += (causes.empty() ? "" : "; ") + url.scheme + ": " + cause;
    reached = reached || !unanswered(outcome.failure);
    if (outcome.error) remedy = outcome.error->remedy;
    // The right scheme that does not work, or one port for both schemes and nobody there.
    bool broken_off = outcome.failure == HttpFailure::transfer && !url.plain();
    bool nobody = outcome.failure == HttpFailure::connection && plain.port == secure.port;
    if (outcome.failure == HttpFailure::final || broken_off || nobody) break;
  }
  auto error = fail(registry + ": " + causes, remedy);
  if (!reached) error.code = EHOSTUNREACH;
  return error;
}

}  // namespace

Result<Url> find_base(Http& http, const std::string& registry, bool insecure,
                      std::chrono::seconds connect_timeout, const std::stop_token& stop) {
  auto secure = TRY(parse_url("https://" + registry + "/v2/"));
  if (!is_loopback(registry) && !http.settings().allow_http && !insecure) return secure;
  return try_schemes(http, registry, secure, connect_timeout, stop);
}

Session::Session(Http& http, const CredentialPlaces& places, const RegistryEndpoint& endpoint,
                 const std::string& user, Authenticator::Warn warn)
    : http_(http),
      places_(places),
      registry_(endpoint.registry),
      repository_(endpoint.repository),
      user_(user),
      insecure_(endpoint.insecure),
      mirror_(endpoint.mirror),
      authenticator_(http, places, {endpoint.registry, endpoint.repository, user}, std::move(warn)) {}

std::chrono::seconds Session::connect_timeout() const {
  constexpr std::chrono::seconds of_mirrors{5};
  return mirror_ ? of_mirrors : std::chrono::seconds(0);
}

Result<Url> Session::base(const std::stop_token& stop) {
  std::lock_guard hold(mutex_);
  if (!base_) base_ = TRY(find_base(http_, registry_, insecure_, connect_timeout(), stop));
  return *base_;
}

Result<HttpOutcome> Session::ask(const Question& question, const BodySink& sink,
                                 const std::stop_token& stop) {
  HttpRequest request;
  request.method = question.method;
  request.url = TRY(base(stop));
  request.url.text += repository_ + "/" + question.path;
  request.headers = question.headers;
  request.connect_timeout = connect_timeout();
  // A cache may have to get a layer itself before it begins with it.
  if (!sink) request.answer_timeout = 2 * connect_timeout();
  constexpr int max_rounds = 3;  // an expired token and one more that another thread saw expire
  for (int round = 0;; ++round) {
    request.authorization = authenticator_.authorization();
    auto outcome = http_.perform(request, sink, question.body_limit, stop);
    bool refused = outcome.failure == HttpFailure::none && outcome.response.status == 401;
    // Storage behind a redirect may refuse as well; our authorization is not for it.
    bool by_registry = outcome.response.url.origin() == request.url.origin();
    if (outcome.failure == HttpFailure::none && !refused) authenticator_.accepted(request.authorization);
    if (!refused || !by_registry || round == max_rounds) return outcome;
    if (!TRY(authenticator_.renew(outcome.response, request.authorization, stop))) return outcome;
  }
}

Result<HttpOutcome> Session::ask_patiently(const Question& question, const std::string& object,
                                           const std::stop_token& stop) {
  Backoff backoff(http_.settings(), stop);
  for (;;) {
    auto outcome = TRY_CONTEXT(ask(question, {}, stop), object);
    if (!mirror_ && backoff.again(outcome)) continue;
    if (stop.stop_requested()) return sys_error(object, ECANCELED);
    if (outcome.failure != HttpFailure::none) return explain_outcome(object, outcome, backoff.attempts());
    if (worth_another_try(outcome)) return explain_outcome(object, outcome, backoff.attempts());
    return outcome;
  }
}

Error Session::explain_outcome(const std::string& object, const HttpOutcome& outcome, unsigned attempts) {
  Inquiry inquiry;
  inquiry.object = object;
  inquiry.registry = registry_;
  inquiry.user = user_;
  inquiry.identity = authenticator_.identity();
  inquiry.places = places_.list();
  inquiry.attempts = attempts;
  return explain(inquiry, outcome);
}

}  // namespace pyxis
