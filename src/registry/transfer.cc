#include "registry/transfer.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace pyxis {
namespace {

using Clock = std::chrono::steady_clock;
using Strings = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

void append(Strings& list, const std::string& text) {
  list.reset(curl_slist_append(list.release(), text.c_str()));
}

HttpFailure classify(CURLcode code, bool answered) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
      return HttpFailure::connection;
    case CURLE_SSL_CONNECT_ERROR:
      return HttpFailure::no_tls;
    case CURLE_OPERATION_TIMEDOUT:
      return answered ? HttpFailure::transfer : HttpFailure::connection;
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_READ_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_WEIRD_SERVER_REPLY:
      return HttpFailure::transfer;
    default:
      return HttpFailure::final;
  }
}

std::string remedy_for(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "check the spelling of the registry, and this node's DNS";
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
      return "check http_proxy and https_proxy";
    case CURLE_COULDNT_CONNECT:
      return "check that this node can reach it, and whether it needs a proxy";
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return "if the registry has a private authority, its certificate belongs into "
             "/etc/enroot/certs.d/HOST[:PORT]/ca.crt, or name it with SSL_CERT_FILE";
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_SSL_CONNECT_ERROR:
      return "check that it is up, and what is between it and this node: proxy, firewall, port forwarding";
    default:
      return {};
  }
}

constexpr const char* slow_remedy =
    "try again later; if it stays, tell the registry's administrator, or check the proxy in between";

std::string seconds_text(std::chrono::milliseconds time) {
  return std::to_string(std::chrono::round<std::chrono::seconds>(time).count()) + " s";
}

std::chrono::seconds connect_timeout(const HttpSettings& settings, const HttpRequest& request) {
  if (request.connect_timeout.count() == 0) return settings.connect_timeout;
  return std::min(settings.connect_timeout, request.connect_timeout);
}

bool is_success(long status) {
  return status == 200 || status == 206;
}

}  // namespace

struct Transfer::Exchange {
  HttpOutcome outcome;
  const BodySink* sink = nullptr;
  size_t body_limit = 0;
  CURL* easy = nullptr;
  Strings headers{nullptr, curl_slist_free_all};
  std::array<char, CURL_ERROR_SIZE> message{};
  std::optional<Error> own_error;  // why we ended it: the sink, the limit, a stall
  Clock::time_point last_progress = Clock::now();
  bool answered = false;
  size_t header_bytes = 0;
  bool page_cut = false;  // of an error page that is too long the beginning is the answer

  // The rate of what the sink gets: over spans of stall_timeout, the time within the sink not counted.
  bool streaming = false;
  Clock::time_point span_begin{};
  std::uint64_t span_bytes = 0;

  void begin_span(Clock::time_point now) {
    span_begin = now;
    span_bytes = 0;
  }
  std::optional<Error> slowness(const HttpSettings& settings, const Deadline& deadline,
                                Clock::time_point now);
};

// Nothing as long as the server is quick enough.
std::optional<Error> Transfer::Exchange::slowness(const HttpSettings& settings, const Deadline& deadline,
                                                  Clock::time_point now) {
  if (!streaming && now >= deadline.time)
    return fail((answered ? "the answer was not complete within " : "no answer came within ") +
                    seconds_text(deadline.allowed),
                slow_remedy);
  // Connecting has its own limit.
  auto connecting = answered ? std::chrono::seconds(0) : settings.connect_timeout;
  if (now - last_progress > settings.stall_timeout + connecting)
    return fail("no byte came for " + seconds_text(settings.stall_timeout), slow_remedy);
  if (!streaming || now - span_begin < settings.stall_timeout) return std::nullopt;
  auto expected =
      std::uint64_t{settings.lowest_rate} * static_cast<std::uint64_t>(settings.stall_timeout.count());
  if (span_bytes < expected)
    return fail("only " + human_bytes(span_bytes) + " came in " + seconds_text(settings.stall_timeout),
                slow_remedy);
  begin_span(now);
  return std::nullopt;
}

Transfer::Transfer()
    : multi_(curl_multi_init(), curl_multi_cleanup), easy_(curl_easy_init(), curl_easy_cleanup) {}

size_t Transfer::on_header(char* data, size_t size, size_t count, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  exchange.last_progress = Clock::now();
  exchange.answered = true;
  constexpr size_t max_header_bytes = 256u << 10;
  exchange.header_bytes += size * count;
  if (exchange.header_bytes > max_header_bytes) {
    exchange.own_error = fail("the headers of the answer are longer than " + human_bytes(max_header_bytes),
                              "tell the registry's administrator, or check the proxy in between");
    return 0;
  }
  std::string_view line = trim({data, size * count});
  auto& headers = exchange.outcome.response.headers;
  if (line.starts_with("HTTP/")) headers.clear();  // the final answer after 100 Continue or a proxy's own
  constexpr size_t max_headers = 1000;
  auto colon = line.find(':');
  if (colon != line.npos && !line.starts_with("HTTP/") && headers.size() < max_headers)
    headers.emplace(to_lower(line.substr(0, colon)), trim(line.substr(colon + 1)));
  return size * count;
}

size_t Transfer::on_body(char* data, size_t size, size_t count, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  auto& response = exchange.outcome.response;
  size_t length = size * count;
  curl_easy_getinfo(exchange.easy, CURLINFO_RESPONSE_CODE, &response.status);
  if (*exchange.sink && is_success(response.status)) {
    auto before = Clock::now();
    if (!exchange.streaming) exchange.begin_span(before);
    exchange.streaming = true;
    auto taken = (*exchange.sink)(response, std::as_bytes(std::span(data, length)));
    exchange.last_progress = Clock::now();
    exchange.span_begin += exchange.last_progress - before;
    exchange.span_bytes += length;
    if (taken.ok()) return length;
    exchange.own_error = std::move(taken).error();
    return 0;
  }
  exchange.last_progress = Clock::now();
  size_t room = exchange.body_limit - std::min(exchange.body_limit, response.body.size());
  response.body.append(data, std::min(room, length));
  if (length <= room) return length;
  // Of an error page the beginning is enough; the rest may be without end, so the connection is given up.
  exchange.page_cut = !is_success(response.status);
  if (!exchange.page_cut)
    exchange.own_error = fail("the answer is longer than " + human_bytes(exchange.body_limit));
  return 0;
}

void Transfer::configure(const HttpSettings& settings, const TlsFiles::Use& tls, const HttpRequest& request,
                         Exchange& exchange) {
  CURL* easy = easy_.get();
  curl_easy_reset(easy);  // keeps connections, DNS and TLS sessions
  auto set = [&](auto option, auto value) { curl_easy_setopt(easy, option, value); };
  set(CURLOPT_URL, request.url.text.c_str());
#if LIBCURL_VERSION_NUM >= 0x075500
  set(CURLOPT_PROTOCOLS_STR, "http,https");
#else
  set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(CURLOPT_USERAGENT, settings.user_agent.c_str());
  set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(connect_timeout(settings, request).count()));
  set(CURLOPT_TIMEOUT, static_cast<long>(settings.transfer_timeout.count()));
  set(CURLOPT_BUFFERSIZE, 256L << 10);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_ERRORBUFFER, exchange.message.data());
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, &exchange);
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, &exchange);
  // Set even where empty: libcurl would look into the environment by itself otherwise.
  const auto& own_proxy = request.url.plain() ? settings.http_proxy : settings.https_proxy;
  set(CURLOPT_PROXY, (own_proxy.empty() ? settings.all_proxy : own_proxy).c_str());
  set(CURLOPT_NOPROXY, settings.no_proxy.c_str());
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (!tls.ca_file.empty()) set(CURLOPT_CAINFO, tls.ca_file.c_str());
  if (!settings.ca_directory.empty()) set(CURLOPT_CAPATH, settings.ca_directory.c_str());
  if (!tls.certificate.empty()) {
    set(CURLOPT_SSLCERT, tls.certificate.c_str());
    set(CURLOPT_SSLKEY, tls.key.c_str());
  }

  for (const auto& [name, value] : request.headers) append(exchange.headers, name + ": " + value);
  if (!request.authorization.empty()) append(exchange.headers, "Authorization: " + request.authorization);
  append(exchange.headers, "Expect:");
  set(CURLOPT_HTTPHEADER, exchange.headers.get());
  if (request.method == "HEAD") set(CURLOPT_NOBODY, 1L);
  if (request.method == "POST") {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_COPYPOSTFIELDS, request.body.c_str());
  }
}

// Until the transfer is over, `stop` is requested or the server is too slow.
CURLcode Transfer::drive(const HttpSettings& settings, const Deadline& deadline, Exchange& exchange,
                         const std::stop_token& stop) {
  constexpr int poll_milliseconds = 1000;  // how late slowness may be seen; a stop wakes it at once
  std::stop_callback on_stop(stop, [this] { curl_multi_wakeup(multi_.get()); });
  for (;;) {
    int running = 0;
    if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) return CURLE_FAILED_INIT;
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_.get(), &left))
      if (message->msg == CURLMSG_DONE) return message->data.result;
    if (stop.stop_requested()) return CURLE_ABORTED_BY_CALLBACK;
    exchange.own_error = exchange.slowness(settings, deadline, Clock::now());
    if (exchange.own_error) return CURLE_OPERATION_TIMEDOUT;
    curl_multi_poll(multi_.get(), nullptr, 0, poll_milliseconds, nullptr);
  }
}

HttpOutcome Transfer::run(const HttpSettings& settings, const TlsFiles::Use& tls, const HttpRequest& request,
                          const BodySink& sink, size_t body_limit, const Deadline& deadline,
                          const std::stop_token& stop) {
  Exchange exchange;
  exchange.sink = &sink;
  exchange.body_limit = body_limit;
  exchange.easy = easy_.get();
  exchange.outcome.response.url = request.url;
  configure(settings, tls, request, exchange);
  curl_multi_add_handle(multi_.get(), easy_.get());
  auto code = drive(settings, deadline, exchange, stop);
  auto& outcome = exchange.outcome;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &outcome.response.status);
  curl_multi_remove_handle(multi_.get(), easy_.get());
  curl_easy_setopt(easy_.get(), CURLOPT_ERRORBUFFER, nullptr);
  if (code == CURLE_OK || exchange.page_cut) return std::move(outcome);

  if (stop.stop_requested()) {
    outcome.failure = HttpFailure::cancelled;
    outcome.error = sys_error("interrupted", ECANCELED);
  } else if (exchange.own_error) {
    auto silence = exchange.answered ? HttpFailure::transfer : HttpFailure::connection;
    outcome.failure = code == CURLE_OPERATION_TIMEDOUT ? silence : HttpFailure::final;
    outcome.error = std::move(exchange.own_error);
  } else {
    outcome.failure = classify(code, exchange.answered);
    std::string cause = exchange.message[0] ? exchange.message.data() : curl_easy_strerror(code);
    long number = 0;  // libcurl's own words do not tell "refused" from "no route"
    if (code == CURLE_COULDNT_CONNECT &&
        curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &number) == CURLE_OK && number)
      cause += std::string(": ") + strerrordesc_np(static_cast<int>(number));
    outcome.error = fail(printable(trim(cause)), remedy_for(code));
  }
  return std::move(outcome);
}

}  // namespace pyxis
