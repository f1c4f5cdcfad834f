// HTTP over libcurl: requests in, responses out, bodies streamed. Knows nothing of registries.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "registry/host_certificates.h"
#include "registry/http_settings.h"
#include "registry/url.h"

namespace pyxis {

struct HttpRequest {
  std::string method = "GET";  // GET, HEAD or POST
  Url url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string
      authorization;  // value of the header; a secret. It stays with the origin of `url` across redirects
  std::string body;   // POST
  // Where they are less than those of the settings; 0: theirs.
  std::chrono::seconds connect_timeout{0}, answer_timeout{0};
};

struct HttpResponse {
  long status = 0;
  std::multimap<std::string, std::string> headers;  // names in lower case
  std::string body;                                 // bounded; empty where a sink took it
  Url url;                                          // whom the answer came from, after redirects

  std::string header(const std::string& lower_case_name) const;  // the first, or ""
};

// Takes the body of a 200 or 206 in order; its error ends the transfer.
using BodySink = std::function<Result<void>(const HttpResponse& head, std::span<const std::byte> data)>;

enum class HttpFailure {
  none,        // there is a response, whatever its status
  connection,  // no connection, or nobody who answers: name, address, refused, timeout, proxy
  no_tls,      // the other side does not speak TLS
  transfer,    // broken off or stalled after it began: worth another try
  final,       // certificate, redirect, the sink's own error...: another try would end the same
  cancelled,
};
// No whole answer came in HTTP, so nothing is known of what was asked for.
inline bool unanswered(HttpFailure failure) {
  return failure == HttpFailure::connection || failure == HttpFailure::no_tls ||
         failure == HttpFailure::transfer;
}

struct HttpOutcome {
  HttpFailure failure = HttpFailure::none;
  std::optional<Error> error;  // unless none
  HttpResponse response;       // as far as it came
};

// A pool of at most settings.max_connections transfers, each on a kept-alive connection; safe for many
// threads. A request waits for a free place: a sink must not wait for another request of the same Http.
class Http {
 public:
  explicit Http(HttpSettings settings);
  ~Http();
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  // One request, following up to 10 redirects (GET and HEAD): never from https to http, never with the
  // authorization to another origin. Without a sink the body is kept up to `body_limit` bytes, beyond it is a
  // final failure; with a sink this holds for the bodies of other statuses than 200 and 206, which are cut at
  // the limit. A server slower than the settings' limits is a failed connection if it sent nothing, else a
  // broken transfer. `stop` ends it at once with failure cancelled. Each host is shown, and verified by, the
  // certificates that are configured for it; what these are is an error of the request.
  HttpOutcome perform(const HttpRequest& request, const BodySink& sink, size_t body_limit,
                      const std::stop_token& stop);

  const HttpSettings& settings() const { return settings_; }

 private:
  class Pool;
  HttpSettings settings_;
  std::unique_ptr<Pool> pool_;
  TlsFiles tls_;
  std::atomic<std::chrono::milliseconds::rep> spent_ = 0;  // in requests, all together
};

}  // namespace pyxis
