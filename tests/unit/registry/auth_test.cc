// Authorization as a registry and its token server see it.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "registry/auth.h"
#include "registry/client.h"
#include "registry/http.h"
#include "stored_image.h"
#include "temporary_directory.h"

namespace pyxis::test {
namespace {

using testing::HasSubstr;
using testing::Not;

// A registry that wants the token its token server gave last.
class TokenRegistry : public testing::Test {
 protected:
  TokenRegistry() {
    layer_ = image_.add_blob(noise(100000));
    image_.tags["latest"] = image_.add_manifest("amd64", {layer_}).digest.text();
    places_.netrc = home_.path() + "/.credentials";
    places_.docker_config = home_.path() + "/config.json";
  }

  ServerResponse give_token(const ServerRequest& request) {
    ++tokens_given_;
    if (token_status_ != 200) return {token_status_, {}, R"({"details":"incorrect username or password"})"};
    auto token = "token" + std::to_string(tokens_given_);
    if (request.method == "POST") return {200, {}, R"({"access_token":")" + token + R"("})"};
    return {200, {}, R"({"token":")" + token + R"(","expires_in":300})"};
  }

  ServerResponse answer(const ServerRequest& request) {
    bool current = tokens_given_ > 0 &&
                   request.header("authorization") == "Bearer token" + std::to_string(tokens_given_);
    if (expired_ > 0 || !current) {
      if (expired_ > 0) --expired_;
      return {401,
              {{"WWW-Authenticate", challenge()}},
              R"({"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]})"};
    }
    return serve_image(image_, request);
  }

  std::string challenge() const {
    return "Bearer realm=\"" + (realm_.empty() ? "http://" + token_server_.address() + "/token" : realm_) +
           "\",service=\"the registry\",scope=\"" + scope_ + "\"" +
           (error_.empty() ? "" : ",error=\"" + error_ + "\"");
  }

  ClientSettings settings() {
    auto out = quick_settings();
    out.credentials = places_;
    return out;
  }

  TemporaryDirectory home_;
  CredentialPlaces places_;
  StoredImage image_;
  Descriptor layer_;
  std::atomic<int> tokens_given_ = 0;  // by one server, read by the other
  int token_status_ = 200;
  int expired_ = 0;  // so many requests more are refused, whatever their token
  std::string error_, realm_, scope_ = "repository:repo/image:pull";
  FakeServer token_server_{[this](const ServerRequest& request) { return give_token(request); }};
  FakeServer registry_{[this](const ServerRequest& request) {
    return request.target == "/v2/" ? ServerResponse{401, {{"WWW-Authenticate", challenge()}}, ""}
                                    : answer(request);
  }};
};

TEST_F(TokenRegistry, Anonymous) {
  Client client(settings());
  auto reference = reference_at(registry_);
  EXPECT_TRUE(client.resolve(reference, parse_platform("amd64").value()).ok());
  EXPECT_EQ(client.identity(reference), "anonymous");
  ASSERT_EQ(token_server_.requests().size(), 1u) << "one token for all requests";
  auto asked = token_server_.requests()[0];
  EXPECT_EQ(asked.target, "/token?service=the%20registry&scope=repository%3Arepo%2Fimage%3Apull");
  EXPECT_EQ(asked.header("authorization"), "");
}

TEST_F(TokenRegistry, SecretGoesToTheTokenServerOnly) {
  home_.write(".credentials", "machine 127.0.0.1 login me password hunter2");
  Client client(settings());
  auto reference = reference_at(registry_);
  EXPECT_TRUE(client.head_manifest(reference).ok());
  EXPECT_EQ(client.identity(reference), "user me (from " + places_.netrc + ")");
  auto asked = token_server_.requests().at(0);
  EXPECT_EQ(asked.header("authorization"), "Basic bWU6aHVudGVyMg==");
  EXPECT_THAT(asked.target, HasSubstr("account=me"));
  EXPECT_THAT(asked.target, Not(HasSubstr("hunter2")));
  for (const auto& request : registry_.requests())
    EXPECT_THAT(request.header("authorization"), Not(HasSubstr("Basic")));
}

TEST_F(TokenRegistry, SecretMayHaveLinesButDoesNotEndWithOne) {
  home_.write(".credentials", "machine 127.0.0.1 login _json_key password \"{\n\t1\r\n}\"");
  EXPECT_TRUE(Client(settings()).head_manifest(reference_at(registry_)).ok());
  EXPECT_EQ(token_server_.requests().back().header("authorization"), "Basic X2pzb25fa2V5OnsKCTENCn0=");
  for (std::string secret : {"hunter2\n", "hunter2\r", "hunt\033er2"}) {
    home_.write(".credentials", "machine 127.0.0.1 login me password \"" + secret + "\"");
    EXPECT_THAT(Client(settings()).head_manifest(reference_at(registry_)).error().text(),
                HasSubstr("the secret of user me (from " + places_.netrc + ") has control characters in it"));
  }
}

TEST_F(TokenRegistry, WithoutARepositoryThePasswordIsProvedAndNoRightsAreAskedFor) {
  home_.write(".credentials", "machine 127.0.0.1 login me password hunter2");
  Http http(settings().http);
  Authenticator authenticator(http, places_, {registry_.address(), "", ""}, [](std::string_view) {});
  HttpRequest request;
  request.url = parse_url("http://" + registry_.address() + "/v2/").value();
  auto refused = http.perform(request, {}, 1000, {});
  auto renewed = authenticator.renew(refused.response, "", {});
  ASSERT_TRUE(renewed.ok() && *renewed);
  EXPECT_EQ(token_server_.requests().back().target, "/token?service=the%20registry&account=me");
}

TEST_F(TokenRegistry, ScopeIsOfTheImageWhateverTheChallengeSays) {
  for (std::string asked_for : {"repository:other/secret:pull", "repository:repo/image:pull,push", ""}) {
    scope_ = asked_for;
    home_.write(".credentials", "machine 127.0.0.1 login me password hunter2");
    EXPECT_TRUE(Client(settings()).head_manifest(reference_at(registry_)).ok());
    EXPECT_EQ(token_server_.requests().back().target,
              "/token?service=the%20registry&scope=repository%3Arepo%2Fimage%3Apull&account=me");
    home_.write(".credentials", "");
    home_.write("config.json", R"({"auths":{")" + registry_.address() + R"(":{"identitytoken":"refresh"}}})");
    EXPECT_TRUE(Client(settings()).head_manifest(reference_at(registry_)).ok());
    EXPECT_THAT(token_server_.requests().back().body, HasSubstr("&scope=repository%3Arepo%2Fimage%3Apull&"));
    EXPECT_THAT(token_server_.requests().back().body, Not(HasSubstr("secret")));
  }
}

TEST_F(TokenRegistry, RefreshToken) {
  home_.write("config.json", R"({"auths":{")" + registry_.address() + R"(":{"identitytoken":"re fresh"}}})");
  Client client(settings());
  EXPECT_TRUE(client.head_manifest(reference_at(registry_)).ok());
  auto asked = token_server_.requests().at(0);
  EXPECT_EQ(asked.method, "POST");
  EXPECT_THAT(asked.body, HasSubstr("grant_type=refresh_token"));
  EXPECT_THAT(asked.body, HasSubstr("refresh_token=re%20fresh"));
}

TEST_F(TokenRegistry, ExpiredTokenIsRenewed) {
  Client client(settings());
  auto reference = reference_at(registry_);
  ASSERT_TRUE(client.get_blob(reference, layer_, layer_.size).ok());
  expired_ = 1;
  ASSERT_TRUE(client.get_blob(reference, layer_, layer_.size).ok());
  EXPECT_EQ(tokens_given_, 2);
}

TEST_F(TokenRegistry, TokenThatEndsOnItsWayIsRenewed) {
  error_ = "invalid_token";
  expired_ = 2;  // without a token, and with the first one
  Client client(settings());
  ASSERT_TRUE(client.get_blob(reference_at(registry_), layer_, layer_.size).ok());
  EXPECT_EQ(tokens_given_, 2);
}

TEST_F(TokenRegistry, InvalidTokensEndSomewhen) {
  error_ = "invalid_token";
  expired_ = 1000;
  auto blob = Client(settings()).get_blob(reference_at(registry_), layer_, layer_.size);
  ASSERT_FALSE(blob.ok());
  EXPECT_THAT(blob.error().text(), HasSubstr("401"));
  EXPECT_EQ(tokens_given_, 3);
}

TEST_F(TokenRegistry, TokenThatIsNotGoodEnoughIsNotAskedForAgain) {
  error_ = "insufficient_scope";
  expired_ = 1000;
  ASSERT_FALSE(Client(settings()).get_blob(reference_at(registry_), layer_, layer_.size).ok());
  EXPECT_EQ(tokens_given_, 1);
}

TEST_F(TokenRegistry, ManyThreadsAskForOneToken) {
  Client client(settings());
  auto reference = reference_at(registry_);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] { EXPECT_TRUE(client.get_blob(reference, layer_, layer_.size).ok()); });
  threads.clear();
  EXPECT_EQ(tokens_given_, 1);
}

TEST_F(TokenRegistry, WrongPassword) {
  home_.write(".credentials", "machine 127.0.0.1 login me password hunter2");
  token_status_ = 401;
  auto error = Client(settings()).head_manifest(reference_at(registry_)).error().text();
  EXPECT_THAT(error, HasSubstr("token server 127.0.0.1 answered 401 Unauthorized to user me (from " +
                               places_.netrc + ")"));
  EXPECT_THAT(error, HasSubstr("incorrect username or password"));
  EXPECT_THAT(error, Not(HasSubstr("hunter2")));
}

TEST_F(TokenRegistry, TokenServerThatFailsIsAskedAgain) {
  token_status_ = 503;
  auto error = Client(settings()).head_manifest(reference_at(registry_)).error().text();
  EXPECT_THAT(error, HasSubstr("(6 attempts)"));
  EXPECT_EQ(token_server_.requests().size(), 6u);
}

TEST_F(TokenRegistry, StrangeRealms) {
  for (std::string realm : {"file:///etc/passwd", "x", "ftp://x/"}) {
    realm_ = realm;
    EXPECT_THAT(Client(settings()).head_manifest(reference_at(registry_)).error().text(),
                HasSubstr("not an http or https URL"));
  }
}

TEST_F(TokenRegistry, UserThatIsNowhere) {
  home_.write(".credentials", "machine 127.0.0.1 login me password hunter2");
  token_status_ = 401;
  auto reference = reference_at(registry_);
  reference.user = "you";
  EXPECT_THAT(Client(settings()).head_manifest(reference).error().text(),
              HasSubstr("no credentials for user you; looked into: "));
}

TEST(Auth, TokenAnswersThatAreNone) {
  std::string body;
  FakeServer server([&](const ServerRequest& request) {
    if (request.target.starts_with("/token")) return ServerResponse{200, {}, body};
    return ServerResponse{
        401, {{"WWW-Authenticate", "Bearer realm=\"http://" + request.header("host") + "/token\""}}, ""};
  });
  auto error = [&](const std::string& answer) {
    body = answer;
    return Client(quick_settings()).head_manifest(reference_at(server)).error().text();
  };
  EXPECT_THAT(error("<html>proxy</html>"), HasSubstr("it begins '<html>proxy</html>'"));
  EXPECT_THAT(error("{}"), HasSubstr("neither 'token' nor 'access_token'"));
  EXPECT_THAT(error(R"({"token":"a\r\nX-Evil: 1"})"), HasSubstr("control characters"));
  EXPECT_THAT(error(R"({"token":5})"), HasSubstr("'token' is not a text"));
}

TEST(Auth, RegistryThatRefusesForever) {
  int tokens = 0;
  FakeServer server([&](const ServerRequest& request) {
    if (request.target.starts_with("/token"))
      return ServerResponse{200, {}, R"({"token":"t)" + std::to_string(++tokens) + "\"}"};
    return ServerResponse{
        401, {{"WWW-Authenticate", "Bearer realm=\"http://" + request.header("host") + "/token\""}}, "no"};
  });
  auto error = Client(quick_settings()).get_manifest(reference_at(server)).error().text();
  EXPECT_THAT(error, HasSubstr("answered 401 Unauthorized to anonymous: no"));
  EXPECT_EQ(tokens, 1) << "a fresh token that is refused is the answer";
}

TEST(Auth, BearerIsPreferredToBasic) {
  FakeServer server([&](const ServerRequest& request) {
    if (request.target.starts_with("/token")) return ServerResponse{200, {}, R"({"token":"t"})"};
    if (request.header("authorization") == "Bearer t") return ServerResponse{404, {}, ""};
    return ServerResponse{
        401,
        {{"WWW-Authenticate", "Basic realm=\"x\""},
         {"WWW-Authenticate", "Bearer realm=\"http://" + request.header("host") + "/token\""}},
        ""};
  });
  EXPECT_THAT(Client(quick_settings()).get_manifest(reference_at(server)).error().text(), HasSubstr("404"));
}

}  // namespace
}  // namespace pyxis::test
