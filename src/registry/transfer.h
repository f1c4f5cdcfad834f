// One transfer at a time on one libcurl handle, which keeps its connections for the next.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <stop_token>

#include "registry/http.h"

namespace pyxis {

class Transfer {
 public:
  Transfer();
  // When an answer must be complete, or the first byte of it be given to the sink.
  struct Deadline {
    std::chrono::steady_clock::time_point time;
    std::chrono::milliseconds allowed;  // for the error's text
  };
  // One exchange, redirects not followed.
  HttpOutcome run(const HttpSettings& settings, const TlsFiles::Use& tls, const HttpRequest& request,
                  const BodySink& sink, size_t body_limit, const Deadline& deadline,
                  const std::stop_token& stop);

 private:
  struct Exchange;
  void configure(const HttpSettings& settings, const TlsFiles::Use& tls, const HttpRequest& request,
                 Exchange& exchange);
  CURLcode drive(const HttpSettings& settings, const Deadline& deadline, Exchange& exchange,
                 const std::stop_token& stop);
  static size_t on_header(char* data, size_t size, size_t count, void* self);
  static size_t on_body(char* data, size_t size, size_t count, void* self);

  // The multi handle owns the connections and can be woken from another thread; it goes after the easy
  // handle.
  std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi_;
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy_;
};

}  // namespace pyxis
