#include "registry/docker_config.h"

#include <gmock/gmock.h>

#include "contract/reference.h"

namespace pyxis {
namespace {

using testing::HasSubstr;
using testing::Not;

CredentialQuery query(const std::string& registry, const std::string& repository = "a/b",
                      const std::string& user = {}) {
  return {registry, repository, user, ""};
}

std::string secret_for(const DockerConfig& config, const CredentialQuery& asked) {
  auto found = find_auth(config, asked);
  if (!found.ok()) return found.error().text();
  return *found ? (*found)->user + "/" + (*found)->secret : "none";
}

TEST(DockerConfig, Keys) {
  EXPECT_EQ(normal_registry_key("https://index.docker.io/v1/"), docker_hub);
  EXPECT_EQ(normal_registry_key("docker.io"), docker_hub);
  EXPECT_EQ(normal_registry_key("docker.io/library"), std::string(docker_hub) + "/library");
  EXPECT_EQ(normal_registry_key("https://Host:5000/"), "host:5000");
  EXPECT_EQ(normal_registry_key("http://host/v2"), "host");
  EXPECT_EQ(normal_registry_key("quay.io/Name/space"), "quay.io/Name/space");
}

TEST(DockerConfig, Auths) {
  // me:hunter2, me:a:b, you:x
  auto config = parse_docker_config(R"({"auths":{"https://index.docker.io/v1/":{"auth":"bWU6aHVudGVyMg=="},
      "host:5000":{"auth":"bWU6YTpi"},"quay.io/ns":{"auth":"eW91Ong="},"quay.io":{"username":"q","password":"p"},
      "empty.io":{},"token.io":{"identitytoken":"refresh"}}, "HttpHeaders":{"x":"y"}, "credHelpers":null})")
                    .value();
  EXPECT_EQ(secret_for(config, query(std::string(docker_hub))), "me/hunter2");
  EXPECT_EQ(secret_for(config, query("host:5000")), "me/a:b");
  EXPECT_EQ(secret_for(config, query("host")), "none");
  EXPECT_EQ(secret_for(config, query("quay.io", "ns/x")), "you/x");
  EXPECT_EQ(secret_for(config, query("quay.io", "other/x")), "q/p");
  EXPECT_EQ(secret_for(config, query("quay.io", "nsx/x")), "q/p");
  EXPECT_EQ(secret_for(config, query("quay.io", "ns/x", "q")), "q/p");
  EXPECT_EQ(secret_for(config, query("quay.io", "ns/x", "nobody")), "none");
  EXPECT_EQ(secret_for(config, query("empty.io")), "none");
  EXPECT_EQ(find_auth(config, query("token.io")).value()->identity_token, "refresh");
}

TEST(DockerConfig, UnpaddedAndPaddedWithNul) {
  auto config =
      parse_docker_config(R"({"auths":{"a":{"auth":"bWU6aHVudGVyMg"},"b":{"auth":"bWU6eAAA"}}})").value();
  EXPECT_EQ(secret_for(config, query("a")), "me/hunter2");
  EXPECT_EQ(secret_for(config, query("b")), "me/x");
}

TEST(DockerConfig, BrokenEntryMattersOnlyWhenUsed) {
  auto config =
      parse_docker_config(
          R"({"auths":{"bad":{"auth":"!!!"},"nocolon":{"auth":"aHVudGVyMg=="},"good":{"auth":"bWU6aHVudGVyMg=="}}})")
          .value();
  EXPECT_EQ(secret_for(config, query("good")), "me/hunter2");
  EXPECT_THAT(secret_for(config, query("bad")), HasSubstr("entry 'bad': field 'auth' is not base64"));
  EXPECT_THAT(secret_for(config, query("nocolon")), HasSubstr("USER:SECRET"));
}

TEST(DockerConfig, HostileInput) {
  for (auto text :
       {"hunter2", "[\"hunter2\"]", "{\"auths\":{\"x\":{\"auth\":[\"hunter2\"]}}}", "{\"credsStore\":5}"}) {
    auto parsed = parse_docker_config(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_THAT(parsed.error().text(), Not(HasSubstr("hunter2")));
  }
  EXPECT_TRUE(parse_docker_config("").ok());
  EXPECT_TRUE(parse_docker_config("{}").ok());
  EXPECT_TRUE(parse_docker_config(R"({"auths":[1],"credHelpers":"x"})").ok());
}

TEST(DockerConfig, Helpers) {
  auto config =
      parse_docker_config(R"({"credHelpers":{"https://gcr.io":"gcloud","x":5},"credsStore":"pass"})").value();
  EXPECT_EQ(find_helper(config, "gcr.io")->name, "gcloud");
  EXPECT_TRUE(find_helper(config, "gcr.io")->own);
  EXPECT_EQ(find_helper(config, "other")->name, "pass");
  EXPECT_FALSE(find_helper(config, "other")->own);
  EXPECT_FALSE(find_helper(parse_docker_config("{}").value(), "x"));
}

TEST(DockerConfig, HelperAnswers) {
  auto answer = parse_helper_answer(R"({"ServerURL":"x","Username":"me","Secret":"hunter2"})").value();
  EXPECT_EQ(answer.user + "/" + answer.secret, "me/hunter2");
  auto token = parse_helper_answer(R"({"Username":"<token>","Secret":"refresh"})").value();
  EXPECT_EQ(token.identity_token, "refresh");
  EXPECT_TRUE(token.user.empty() && token.secret.empty());
  EXPECT_FALSE(parse_helper_answer("").ok());
  EXPECT_FALSE(parse_helper_answer("{}").ok());
}

}  // namespace
}  // namespace pyxis
