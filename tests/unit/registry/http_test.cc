#include "registry/http.h"

#include <gmock/gmock.h>

#include <thread>
#include <vector>

#include "fake_server.h"

namespace pyxis {
namespace {

using test::FakeServer;
using test::ServerRequest;
using test::ServerResponse;
using testing::HasSubstr;

constexpr size_t limit = 1000;

HttpRequest get(const std::string& url) {
  HttpRequest request;
  request.url = parse_url(url).value();
  return request;
}

std::string http_error(const HttpSettings& settings, const FakeServer& server, const BodySink& sink) {
  auto outcome = Http(settings).perform(get("http://" + server.address()), sink, limit, {});
  return outcome.error ? outcome.error->text() : "none";
}

TEST(Http, HeadersBodyAndAgent) {
  FakeServer server([](const ServerRequest&) {
    return ServerResponse{200, {{"X-Thing", " a "}, {"x-thing", "b"}}, "hello"};
  });
  Http http({});
  auto request = get("http://" + server.address() + "/x?y=1");
  request.headers = {{"Accept", "text/x"}};
  auto outcome = http.perform(request, {}, limit, {});
  ASSERT_EQ(outcome.failure, HttpFailure::none);
  EXPECT_EQ(outcome.response.body, "hello");
  EXPECT_EQ(outcome.response.headers.count("x-thing"), 2u);
  EXPECT_EQ(outcome.response.header("x-thing"), "a");
  auto seen = server.requests().at(0);
  EXPECT_EQ(seen.target, "/x?y=1");
  EXPECT_EQ(seen.header("accept"), "text/x");
  EXPECT_EQ(seen.header("user-agent"), "pyxis/" PYXIS_VERSION);
}

TEST(Http, PostSendsItsBody) {
  FakeServer server([](const ServerRequest& request) {
    return ServerResponse{200, {}, request.method + request.body};
  });
  auto request = get("http://" + server.address());
  request.method = "POST";
  request.body = "a=b";
  EXPECT_EQ(Http({}).perform(request, {}, limit, {}).response.body, "POSTa=b");
}

TEST(Http, BodiesAreBounded) {
  int status = 200;
  FakeServer server([&](const ServerRequest&) { return ServerResponse{status, {}, std::string(5000, 'x')}; });
  Http http({});
  auto outcome = http.perform(get("http://" + server.address()), {}, limit, {});
  EXPECT_EQ(outcome.failure, HttpFailure::final);
  EXPECT_THAT(outcome.error->text(), HasSubstr("longer than 1.0 kB"));
  status = 500;
  outcome = http.perform(get("http://" + server.address()), {}, limit, {});
  EXPECT_EQ(outcome.failure, HttpFailure::none);
  EXPECT_EQ(outcome.response.body.size(), limit);
}

TEST(Http, RedirectDropsAuthorizationAtAnotherOrigin) {
  FakeServer other([](const ServerRequest&) { return ServerResponse{200, {}, "there"}; });
  FakeServer server([&](const ServerRequest& request) {
    if (request.target == "/near") return ServerResponse{307, {{"Location", "/end"}}, "moved"};
    if (request.target == "/far")
      return ServerResponse{302, {{"Location", "http://" + other.address() + "/x"}}, ""};
    return ServerResponse{200, {}, "here"};
  });
  Http http({});
  auto request = get("http://" + server.address() + "/near");
  request.authorization = "Bearer secret";
  EXPECT_EQ(http.perform(request, {}, limit, {}).response.body, "here");
  EXPECT_EQ(server.requests().back().header("authorization"), "Bearer secret");
  request.url = parse_url("http://" + server.address() + "/far").value();
  auto outcome = http.perform(request, {}, limit, {});
  EXPECT_EQ(outcome.response.body, "there");
  EXPECT_EQ(outcome.response.url.port, std::to_string(other.port()));
  EXPECT_EQ(other.requests().at(0).header("authorization"), "");
}

TEST(Http, RedirectsEnd) {
  FakeServer server([](const ServerRequest&) { return ServerResponse{302, {{"Location", "/again"}}, ""}; });
  auto outcome = Http({}).perform(get("http://" + server.address()), {}, limit, {});
  EXPECT_EQ(outcome.failure, HttpFailure::final);
  EXPECT_THAT(outcome.error->text(), HasSubstr("more than 10 redirects"));
  EXPECT_EQ(server.requests().size(), 11u);
  FakeServer files([](const ServerRequest&) {
    return ServerResponse{302, {{"Location", "file:///etc/passwd"}}, ""};
  });
  EXPECT_EQ(Http({}).perform(get("http://" + files.address()), {}, limit, {}).failure, HttpFailure::final);
}

TEST(Http, SinkTakesSuccessOnlyAndItsErrorEndsIt) {
  int status = 200;
  FakeServer server([&](const ServerRequest&) {
    return ServerResponse{status, {}, std::string(300000, 'x')};
  });
  Http http({});
  size_t taken = 0;
  BodySink count = [&](const HttpResponse&, std::span<const std::byte> data) {
    taken += data.size();
    return ok();
  };
  EXPECT_EQ(http.perform(get("http://" + server.address()), count, limit, {}).failure, HttpFailure::none);
  EXPECT_EQ(taken, 300000u);
  BodySink refuse = [](const HttpResponse&, std::span<const std::byte>) -> Result<void> {
    return sys_error("write", ENOSPC);
  };
  auto outcome = http.perform(get("http://" + server.address()), refuse, limit, {});
  EXPECT_EQ(outcome.failure, HttpFailure::final);
  EXPECT_EQ(outcome.error->code, ENOSPC);
  status = 404;
  EXPECT_EQ(http.perform(get("http://" + server.address()), refuse, limit, {}).response.body.size(), limit);
}

TEST(Http, KindsOfFailure) {
  int closed_port;
  {
    FakeServer gone([](const ServerRequest&) { return ServerResponse{}; });
    closed_port = gone.port();
  }
  Http http({});
  EXPECT_EQ(http.perform(get("http://127.0.0.1:" + std::to_string(closed_port)), {}, limit, {}).failure,
            HttpFailure::connection);
  EXPECT_EQ(http.perform(get("http://no-such-host.invalid/"), {}, limit, {}).failure,
            HttpFailure::connection);
  FakeServer plain([](const ServerRequest&) { return ServerResponse{200, {}, "0123456789", 4}; });
  EXPECT_EQ(http.perform(get("http://" + plain.address()), {}, limit, {}).failure, HttpFailure::transfer);
  FakeServer garbage([](const ServerRequest&) { return ServerResponse{.garbage = true}; });
  EXPECT_NE(http.perform(get("http://" + garbage.address()), {}, limit, {}).failure, HttpFailure::none);
}

TEST(Http, StallIsNoticed) {
  FakeServer server([](const ServerRequest&) {
    return ServerResponse{200, {}, std::string(100, 'x'), 10, true};
  });
  HttpSettings settings;
  settings.stall_timeout = std::chrono::seconds(1);
  auto outcome = Http(settings).perform(get("http://" + server.address()), {}, limit, {});
  EXPECT_EQ(outcome.failure, HttpFailure::transfer);
  EXPECT_THAT(outcome.error->text(), HasSubstr("no byte came for 1 s"));
}

// Limits of a second, so that a test that fails without them ends all the same.
HttpSettings impatient() {
  HttpSettings settings;
  settings.answer_timeout = settings.stall_timeout = std::chrono::seconds(1);
  settings.transfer_timeout = std::chrono::seconds(8);
  return settings;
}

TEST(Http, EndlessErrorPageIsCutAndItsConnectionGivenUp) {
  FakeServer server([](const ServerRequest&) {
    return ServerResponse{.status = 404, .body = std::string(5000, 'x'), .endless = true};
  });
  HttpSettings settings;
  settings.transfer_timeout = std::chrono::seconds(8);
  Http http(settings);
  for (int i = 1; i <= 2; ++i) {
    auto outcome = http.perform(get("http://" + server.address()), {}, limit, {});
    EXPECT_EQ(outcome.failure, HttpFailure::none);
    EXPECT_EQ(outcome.response.status, 404);
    EXPECT_EQ(outcome.response.body.size(), limit);
    EXPECT_EQ(server.connections(), i);
  }
}

TEST(Http, AnswersHaveAnOverallLimit) {
  int status = 200;
  FakeServer server([&](const ServerRequest&) {
    return ServerResponse{
        .status = status, .body = "x", .endless = true, .pause = std::chrono::milliseconds(50)};
  });
  Http http(impatient());
  BodySink sink = [](const HttpResponse&, std::span<const std::byte>) { return ok(); };
  for (int next : {200, 404}) {
    status = next;
    auto outcome =
        http.perform(get("http://" + server.address()), status == 200 ? BodySink() : sink, limit, {});
    EXPECT_EQ(outcome.failure, HttpFailure::transfer);
    ASSERT_TRUE(outcome.error);
    EXPECT_THAT(outcome.error->text(), HasSubstr("the answer was not complete within 1 s; try again later"));
  }
}

TEST(Http, OverallLimitIncludesRedirectsAndOtherRequests) {
  FakeServer server([](const ServerRequest&) {
    return ServerResponse{.status = 302,
                          .headers = {{"Location", "/again"}},
                          .body = "moved",
                          .pause = std::chrono::milliseconds(60)};
  });
  auto settings = impatient();
  auto outcome = Http(settings).perform(get("http://" + server.address()), {}, limit, {});
  ASSERT_TRUE(outcome.error);
  EXPECT_THAT(outcome.error->text(), HasSubstr("not complete within 1 s"));
  settings.total_answer_timeout = settings.answer_timeout;
  settings.answer_timeout = std::chrono::seconds(60);
  FakeServer slow([](const ServerRequest&) {
    return ServerResponse{.body = "0123456789", .pause = std::chrono::milliseconds(70)};
  });
  Http http(settings);
  EXPECT_EQ(http.perform(get("http://" + slow.address()), {}, limit, {}).failure, HttpFailure::none);
  outcome = http.perform(get("http://" + slow.address()), {}, limit, {});
  EXPECT_EQ(outcome.failure, HttpFailure::transfer);
  ASSERT_TRUE(outcome.error);
  EXPECT_THAT(outcome.error->text(), HasSubstr("not complete within 1 s"));
  outcome = http.perform(get("http://" + slow.address()), {}, limit, {});
  EXPECT_EQ(outcome.failure, HttpFailure::connection) << "nothing is left";
  ASSERT_TRUE(outcome.error);
  EXPECT_THAT(outcome.error->text(), HasSubstr("no answer came within 1 s"));
}

TEST(Http, HeadersEnd) {
  ServerResponse response{.endless_head = "X-More: " + std::string(1000, 'x') + "\r\n"};
  FakeServer server([&](const ServerRequest&) { return response; });
  HttpSettings settings;
  settings.transfer_timeout = std::chrono::seconds(8);
  auto outcome = Http(settings).perform(get("http://" + server.address()), {}, limit, {});
  EXPECT_EQ(outcome.failure, HttpFailure::final);
  ASSERT_TRUE(outcome.error);
  EXPECT_THAT(outcome.error->text(), HasSubstr("the headers of the answer are longer than 262 kB"));
  response = {.endless_head = "X: y\r\n", .pause = std::chrono::milliseconds(50)};
  BodySink sink = [](const HttpResponse&, std::span<const std::byte>) { return ok(); };
  outcome = Http(impatient()).perform(get("http://" + server.address()), sink, limit, {});
  EXPECT_EQ(outcome.failure, HttpFailure::transfer);
  ASSERT_TRUE(outcome.error);
  EXPECT_THAT(outcome.error->text(), HasSubstr("not complete within 1 s"));
}

TEST(Http, SinksHaveALowestRateWhichTheirOwnTimeDoesNotLower) {
  FakeServer server([](const ServerRequest&) {
    return ServerResponse{.body = "x", .endless = true, .pause = std::chrono::milliseconds(20)};
  });
  auto settings = impatient();
  size_t got = 0;
  BodySink count = [&](const HttpResponse&, std::span<const std::byte> data) -> Result<void> {
    got += data.size();
    return got < 100 ? ok() : Result<void>(fail("enough"));
  };
  EXPECT_THAT(http_error(settings, server, count), HasSubstr("came in 1 s; try again later"));
  EXPECT_LT(got, 100u);
  settings.lowest_rate = 10;
  got = 0;
  EXPECT_EQ(http_error(settings, server, count), "enough") << "slow, but not too slow";
  FakeServer quick([](const ServerRequest&) { return ServerResponse{.body = std::string(400'000, 'x')}; });
  settings.lowest_rate = 500'000;
  size_t taken = 0;
  BodySink slow = [&](const HttpResponse&, std::span<const std::byte> data) -> Result<void> {
    taken += data.size();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return ok();
  };
  EXPECT_EQ(http_error(settings, quick, slow), "none");
  EXPECT_EQ(taken, 400'000u);
}

TEST(Http, SilenceFromTheStartIsNoConnection) {
  FakeServer server([](const ServerRequest&) { return ServerResponse{.silent = true}; });
  HttpSettings settings;
  settings.connect_timeout = settings.stall_timeout = std::chrono::seconds(1);
  EXPECT_EQ(Http(settings).perform(get("http://" + server.address()), {}, limit, {}).failure,
            HttpFailure::connection);
}

TEST(Http, StopEndsATransferAndAWaitForAPlace) {
  FakeServer server([](const ServerRequest&) {
    return ServerResponse{200, {}, std::string(100, 'x'), 10, true};
  });
  HttpSettings settings;
  settings.max_connections = 1;
  Http http(settings);
  std::stop_source stop;
  HttpOutcome second;
  std::jthread waiter([&] {
    server.wait_for_hang();
    std::jthread stopper([&] { stop.request_stop(); });
    second = http.perform(get("http://" + server.address()), {}, limit, stop.get_token());
  });
  auto first = http.perform(get("http://" + server.address()), {}, limit, stop.get_token());
  waiter.join();
  EXPECT_EQ(first.failure, HttpFailure::cancelled);
  EXPECT_EQ(first.error->code, ECANCELED);
  EXPECT_EQ(second.failure, HttpFailure::cancelled);
}

TEST(Http, NoMoreConnectionsAtOnceThanTheSettingsAllow) {
  FakeServer server([](const ServerRequest&) {
    ServerResponse response{200, {}, "slowly"};
    response.pause = std::chrono::milliseconds(20);
    return response;
  });
  HttpSettings settings;
  settings.max_connections = 2;
  Http http(settings);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&] {
      EXPECT_EQ(http.perform(get("http://" + server.address()), {}, limit, {}).response.body, "slowly");
    });
  threads.clear();
  EXPECT_EQ(server.requests().size(), 6u);
  EXPECT_EQ(server.connections(), 2);
}

TEST(Http, ConnectionIsKept) {
  FakeServer server([](const ServerRequest&) { return ServerResponse{200, {}, "x"}; });
  Http http({});
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(http.perform(get("http://" + server.address()), {}, limit, {}).response.status, 200);
  EXPECT_EQ(server.connections(), 1);
}

TEST(Http, ProxyIsTheOneOfTheSettings) {
  FakeServer proxy([](const ServerRequest& request) { return ServerResponse{200, {}, request.target}; });
  HttpSettings settings;
  Environment environment;
  environment.set("http_proxy", "http://" + proxy.address());
  environment.set("no_proxy", "direct.invalid");
  environment.set("HTTP_PROXY", "http://not-this.invalid");
  settings.take_environment(environment);
  Http http(settings);
  EXPECT_EQ(http.perform(get("http://far.invalid/x"), {}, limit, {}).response.body, "http://far.invalid/x");
  EXPECT_EQ(http.perform(get("http://direct.invalid/x"), {}, limit, {}).failure, HttpFailure::connection);
}

TEST(Http, ProxiesForHttpsAndForEverything) {
  auto refuse_tunnels = [](const ServerRequest& request) {
    return ServerResponse{request.method == "CONNECT" ? 403 : 200, {}, request.target};
  };
  FakeServer for_https(refuse_tunnels), for_all(refuse_tunnels);
  HttpSettings settings;
  Environment environment;
  environment.set("all_proxy", "http://" + for_all.address());
  settings.take_environment(environment);
  EXPECT_EQ(Http(settings).perform(get("http://far.invalid/x"), {}, limit, {}).response.body,
            "http://far.invalid/x");
  EXPECT_NE(Http(settings).perform(get("https://far.invalid/x"), {}, limit, {}).failure, HttpFailure::none);
  ASSERT_EQ(for_all.requests().size(), 2u);
  EXPECT_EQ(for_all.requests()[1].method + " " + for_all.requests()[1].target, "CONNECT far.invalid:443");

  environment.set("https_proxy", "http://" + for_https.address());
  settings.take_environment(environment);
  EXPECT_NE(Http(settings).perform(get("https://far.invalid/x"), {}, limit, {}).failure, HttpFailure::none);
  ASSERT_EQ(for_https.requests().size(), 1u);
  EXPECT_EQ(for_https.requests()[0].target, "far.invalid:443");
  EXPECT_EQ(for_all.requests().size(), 2u);
}

TEST(Http, ATransferMayHaveALimitOfItsOwn) {
  FakeServer server([](const ServerRequest&) {
    return ServerResponse{200, {}, std::string(100, 'x'), 10, true};
  });
  HttpSettings settings;
  settings.transfer_timeout = std::chrono::seconds(1);
  auto outcome = Http(settings).perform(get("http://" + server.address()), {}, limit, {});
  EXPECT_EQ(outcome.failure, HttpFailure::transfer);
  EXPECT_THAT(outcome.error->text(), HasSubstr("10 out of 100 bytes"));
}

}  // namespace
}  // namespace pyxis
