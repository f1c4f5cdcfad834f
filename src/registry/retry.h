// When to ask again and how long to wait before it.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "registry/http.h"

namespace pyxis {

// A connection that failed or broke, 408, 429, 500, 502, 503, 504.
bool worth_another_try(const HttpOutcome& outcome);

// Retry-After in seconds or as a date (RFC 9110, 10.2.3); nothing where it is absent or makes no sense.
std::optional<std::chrono::milliseconds> retry_after(const HttpResponse& response);

// Counts attempts and waits between them: doubling, with jitter, at least Retry-After.
class Backoff {
 public:
  Backoff(const HttpSettings& settings, std::stop_token stop) : settings_(settings), stop_(std::move(stop)) {}

  // Waits, then true; false at once where another attempt is not worth it or not left, the registry asks for
  // a longer wait than settings.longest_wait, or `stop` is requested.
  bool again(const HttpOutcome& outcome);
  // The attempt got something done: the next failure is a first one again.
  void progress() { failures_ = 0; }
  unsigned attempts() const { return attempts_; }

 private:
  const HttpSettings& settings_;
  std::stop_token stop_;
  unsigned failures_ = 0, attempts_ = 1;
};

}  // namespace pyxis
