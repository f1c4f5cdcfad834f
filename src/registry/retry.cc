#include "registry/retry.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <random>

#include "base/text.h"

namespace pyxis {
namespace {

using std::chrono::milliseconds;

// A name that does not resolve or a port that is shut seldom changes: fewer attempts, so that a typing error
// is told soon.
constexpr unsigned connection_retries = 2;

// Half to all of `time`: many nodes that were refused together must not come back together.
milliseconds with_jitter(milliseconds time) {
  thread_local std::minstd_rand random(std::random_device{}());
  std::uniform_int_distribution<milliseconds::rep> part(time.count() / 2, time.count());
  return milliseconds(part(random));
}

}  // namespace

bool worth_another_try(const HttpOutcome& outcome) {
  switch (outcome.failure) {
    case HttpFailure::connection:
    case HttpFailure::no_tls:
    case HttpFailure::transfer:
      return true;
    case HttpFailure::final:
    case HttpFailure::cancelled:
      return false;
    case HttpFailure::none:
      break;
  }
  constexpr std::array statuses = {408L, 429L, 500L, 502L, 503L, 504L};
  return std::ranges::find(statuses, outcome.response.status) != statuses.end();
}

std::optional<milliseconds> retry_after(const HttpResponse& response) {
  auto text = response.header("retry-after");
  constexpr long long longest = 1'000'000;  // seconds; more is the same to us and must not overflow
  if (auto seconds = parse_number<long long>(text); seconds && *seconds >= 0)
    return std::chrono::seconds(std::min(*seconds, longest));
  if (text.empty()) return std::nullopt;
  auto date = curl_getdate(text.c_str(), nullptr);
  if (date < 0) return std::nullopt;
  return std::chrono::seconds(std::clamp<long long>(date - std::time(nullptr), 0, longest));
}

bool Backoff::again(const HttpOutcome& outcome) {
  if (!worth_another_try(outcome) || stop_.stop_requested()) return false;
  bool unreachable = outcome.failure == HttpFailure::connection || outcome.failure == HttpFailure::no_tls;
  unsigned limit = unreachable ? std::min(settings_.retries, connection_retries) : settings_.retries;
  if (failures_ >= limit) return false;
  constexpr unsigned max_doublings = 16;
  auto wait = settings_.first_wait * (1u << std::min(failures_, max_doublings));
  wait = with_jitter(std::min<milliseconds>(wait, settings_.longest_wait));
  if (auto asked = retry_after(outcome.response)) {
    if (*asked > settings_.longest_wait) return false;
    wait = std::max(wait, *asked);
  }
  ++failures_;
  ++attempts_;
  return wait_or_stop(settings_, wait, stop_);
}

}  // namespace pyxis
