#include "registry/retry.h"

#include <gtest/gtest.h>

#include <ctime>
#include <thread>
#include <vector>

namespace pyxis {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

HttpOutcome status(long code, const std::string& retry_after = {}) {
  HttpOutcome outcome;
  outcome.response.status = code;
  if (!retry_after.empty()) outcome.response.headers.emplace("retry-after", retry_after);
  return outcome;
}

HttpOutcome failure(HttpFailure kind) {
  HttpOutcome outcome;
  outcome.failure = kind;
  return outcome;
}

struct Waits {
  std::vector<milliseconds> times;
  HttpSettings settings() {
    HttpSettings out;
    out.wait = [this](milliseconds time, const std::stop_token&) {
      times.push_back(time);
      return true;
    };
    return out;
  }
};

TEST(Backoff, DoublesWithJitterAndEnds) {
  Waits waits;
  auto settings = waits.settings();
  Backoff backoff(settings, {});
  while (backoff.again(status(503))) {
  }
  ASSERT_EQ(waits.times.size(), settings.retries);
  EXPECT_EQ(backoff.attempts(), settings.retries + 1);
  auto full = settings.first_wait;
  for (auto time : waits.times) {
    EXPECT_GE(time, full / 2);
    EXPECT_LE(time, full);
    full *= 2;
  }
}

TEST(Backoff, ProgressStartsAnew) {
  Waits waits;
  auto settings = waits.settings();
  Backoff backoff(settings, {});
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(backoff.again(failure(HttpFailure::transfer)));
    backoff.progress();
  }
}

TEST(Backoff, FewerAttemptsWhereNothingAnswers) {
  Waits waits;
  auto settings = waits.settings();
  Backoff backoff(settings, {});
  while (backoff.again(failure(HttpFailure::connection))) {
  }
  EXPECT_EQ(waits.times.size(), 2u);
}

TEST(Backoff, NoRetriesWhereNotWorthIt) {
  Waits waits;
  auto settings = waits.settings();
  Backoff backoff(settings, {});
  for (long code : {200L, 401L, 403L, 404L, 416L}) EXPECT_FALSE(backoff.again(status(code)));
  EXPECT_FALSE(backoff.again(failure(HttpFailure::final)));
  EXPECT_FALSE(backoff.again(failure(HttpFailure::cancelled)));
  settings.retries = 0;
  EXPECT_FALSE(Backoff(settings, {}).again(status(503)));
  EXPECT_TRUE(waits.times.empty());
}

TEST(Backoff, HonoursRetryAfterWithinReason) {
  Waits waits;
  auto settings = waits.settings();
  EXPECT_TRUE(Backoff(settings, {}).again(status(429, "7")));
  EXPECT_EQ(waits.times.at(0), seconds(7));
  EXPECT_FALSE(Backoff(settings, {}).again(status(429, "3600")));
}

TEST(Backoff, StopEndsARealWait) {
  HttpSettings settings;
  settings.first_wait = std::chrono::minutes(10);
  settings.longest_wait = std::chrono::minutes(10);
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_FALSE(Backoff(settings, stop.get_token()).again(status(503)));
}

TEST(RetryAfter, SecondsAndDates) {
  EXPECT_EQ(retry_after(status(429, "0").response), milliseconds(0));
  EXPECT_EQ(retry_after(status(429, "99999999999").response), seconds(1'000'000));
  EXPECT_EQ(retry_after(status(429).response), std::nullopt);
  EXPECT_EQ(retry_after(status(429, "-5").response), std::nullopt);
  EXPECT_EQ(retry_after(status(429, "soon").response), std::nullopt);
  EXPECT_EQ(retry_after(status(429, "Sun, 06 Nov 1994 08:49:37 GMT").response), milliseconds(0));
  char text[64];
  auto later = std::time(nullptr) + 100;
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&later));
  auto asked = retry_after(status(429, text).response).value();
  EXPECT_GT(asked, seconds(90));
  EXPECT_LE(asked, seconds(100));
}

}  // namespace
}  // namespace pyxis
