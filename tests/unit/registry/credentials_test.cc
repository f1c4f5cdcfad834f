#include "registry/credentials.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "contract/reference.h"
#include "temporary_directory.h"

namespace pyxis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Credentials : public testing::Test {
 protected:
  Credentials() {
    environment_.set("HOME", home_.path());
    environment_.set("PATH", home_.path() + "/bin:/usr/bin:/bin");
  }
  CredentialLookup look(const CredentialQuery& query) {
    auto found = find_credential(CredentialPlaces::of(environment_), query);
    EXPECT_TRUE(found.ok()) << found.error().text();
    return found.ok() ? *found : CredentialLookup{};
  }
  std::string error(const CredentialQuery& query) {
    auto found = find_credential(CredentialPlaces::of(environment_), query);
    return found.ok() ? "no error" : found.error().text();
  }
  static CredentialQuery at(const std::string& registry, const std::string& user = {},
                            const std::string& realm = {}) {
    return {registry, "a/b", user, realm};
  }
  void helper(const std::string& name, const std::string& script) {
    home_.write("bin/docker-credential-" + name, "#!/bin/sh\n" + script, 0700);
  }

  test::TemporaryDirectory home_;
  Environment environment_;
};

TEST_F(Credentials, Places) {
  auto places = CredentialPlaces::of(environment_);
  EXPECT_EQ(places.netrc, home_.path() + "/.config/enroot/.credentials");
  EXPECT_EQ(places.docker_config, home_.path() + "/.docker/config.json");
  EXPECT_THAT(places.auth_files, ElementsAre(home_.path() + "/.config/containers/auth.json"));
  environment_.set("XDG_CONFIG_HOME", "/c");
  environment_.set("XDG_RUNTIME_DIR", "/r");
  environment_.set("DOCKER_CONFIG", "/d");
  places = CredentialPlaces::of(environment_);
  EXPECT_EQ(places.netrc, "/c/enroot/.credentials");
  EXPECT_EQ(places.docker_config, "/d/config.json");
  EXPECT_THAT(places.auth_files, ElementsAre("/r/containers/auth.json", "/c/containers/auth.json"));
  environment_.set("ENROOT_CONFIG_PATH", "/e");
  environment_.set("REGISTRY_AUTH_FILE", "/f");
  places = CredentialPlaces::of(environment_);
  EXPECT_EQ(places.netrc, "/e/.credentials");
  EXPECT_THAT(places.auth_files, ElementsAre("/f"));
  EXPECT_THAT(CredentialPlaces::of({}).list(), HasSubstr("neither HOME"));
}

TEST_F(Credentials, NothingAnywhere) {
  EXPECT_FALSE(look(at("x")).found);
  environment_.unset("HOME");
  EXPECT_FALSE(look(at("x")).found);
}

TEST_F(Credentials, OrderOfPlaces) {
  home_.write(".config/containers/auth.json", R"({"auths":{"x":{"username":"third","password":"p"}}})");
  EXPECT_EQ(look(at("x")).found->user, "third");
  home_.write(".docker/config.json", R"({"auths":{"x":{"username":"second","password":"p"}}})");
  EXPECT_EQ(look(at("x")).found->user, "second");
  auto netrc = home_.write(".config/enroot/.credentials", "machine x login first password p");
  EXPECT_EQ(look(at("x")).found->user, "first");
  EXPECT_EQ(look(at("x")).found->describe(), "user first (from " + netrc + ")");
  EXPECT_EQ(look(at("x", "second")).found->user, "second");
  EXPECT_EQ(look(at("x", "third")).found->user, "third");
  EXPECT_FALSE(look(at("x", "fourth")).found);
}

TEST_F(Credentials, NetrcHosts) {
  home_.write(
      ".config/enroot/.credentials",
      "machine h:5000 login port password p machine h login host password p machine auth.docker.io login hub "
      "password p machine gitlab.com login lab password p default login any password p");
  EXPECT_EQ(look(at("h:5000")).found->user, "port");
  EXPECT_EQ(look(at("h:6000")).found->user, "host");
  EXPECT_EQ(look(at(std::string(docker_hub), "", "auth.docker.io")).found->user, "hub");
  EXPECT_EQ(look(at("registry.gitlab.com", "", "gitlab.com")).found->user, "lab");
  EXPECT_FALSE(look(at("evil.example", "", "gitlab.com")).found) << "another registry's secret";
  EXPECT_FALSE(look(at("evil.example", "", "auth.docker.io")).found);
  EXPECT_FALSE(look(at("evil.gitlab.com", "", "gitlab.com")).found) << "a neighbour's secret";
  EXPECT_FALSE(look(at("other")).found) << "`default` must not go to just any registry";
}

TEST(Realm, BelongsToItsRegistry) {
  EXPECT_TRUE(realm_belongs_to_registry("nvcr.io", "nvcr.io"));
  EXPECT_TRUE(realm_belongs_to_registry("host", "host:5000"));
  EXPECT_TRUE(realm_belongs_to_registry("auth.docker.io", std::string(docker_hub)));
  EXPECT_TRUE(realm_belongs_to_registry("gitlab.com", "registry.gitlab.com"));
  EXPECT_FALSE(realm_belongs_to_registry("gitlab.com", "evil.gitlab.com"));
  EXPECT_FALSE(realm_belongs_to_registry("reg.corp.com", "evil.reg.corp.com"));
  EXPECT_FALSE(realm_belongs_to_registry("evil.example.org", "example.org"));
  EXPECT_FALSE(realm_belongs_to_registry("victim.azurecr.io", "evil.azurecr.io"));
  EXPECT_FALSE(realm_belongs_to_registry("io", "nvcr.io"));
  EXPECT_FALSE(realm_belongs_to_registry("xexample.org", "example.org"));
  EXPECT_FALSE(realm_belongs_to_registry("", "example.org"));
}

TEST_F(Credentials, ShellExpression) {
  environment_.set("TOKEN", "from env");
  home_.write(".config/enroot/.credentials",
              "machine a login x password $(printf 'one%s' \" two\")\nmachine b login x password $TOKEN\n"
              "machine c login x password $(echo the reason >&2; exit 3)\nmachine d login x password "
              "$UNSET_VARIABLE\n"
              "machine e login x password $(cat /proc/$$/cmdline | tr '\\0' ' ')");
  EXPECT_EQ(look(at("a")).found->secret, "one two");
  EXPECT_EQ(look(at("b")).found->secret, "from env");
  auto failed = error(at("c"));
  EXPECT_THAT(failed,
              HasSubstr(".credentials line 3: its shell expression: exited with status 3: the reason"));
  EXPECT_THAT(failed, Not(HasSubstr("exit 3")));
  EXPECT_THAT(error(at("d")), HasSubstr("prints nothing"));
  EXPECT_THAT(look(at("e")).found->secret, Not(HasSubstr("cmdline")))
      << "the expression is in the process list";
}

TEST_F(Credentials, WhatOthersCanWriteIsNotExecuted) {
  auto witness = home_.path() + "/executed";
  home_.write(".config/enroot/.credentials",
              "machine a login x password $(touch " + witness + ")\nmachine b login x password plain\n",
              0622);
  EXPECT_THAT(error(at("a")), HasSubstr(".credentials line 1: its shell expression"));
  EXPECT_THAT(error(at("a")), HasSubstr("can be changed by other users"));
  EXPECT_NE(::access(witness.c_str(), F_OK), 0);
  EXPECT_EQ(look(at("b")).found->secret, "plain");
}

TEST_F(Credentials, ReadableByOthersIsSaid) {
  home_.write(".config/enroot/.credentials", "machine x login me password p", 0644);
  EXPECT_THAT(look(at("x")).warnings, ElementsAre(HasSubstr("chmod 600")));
  EXPECT_THAT(look(at("y")).warnings, IsEmpty());
  home_.write(".docker/config.json", R"({"auths":{"z":{"auth":"bWU6eA=="}}})", 0640);
  EXPECT_THAT(look(at("z")).warnings, ElementsAre(HasSubstr("config.json")));
}

TEST_F(Credentials, MalformedFilesAreNamed) {
  home_.write(".config/enroot/.credentials", "machine x login me");
  EXPECT_THAT(error(at("x")), HasSubstr(".credentials line 1: the entry has no login or no password"));
  home_.write(".config/enroot/.credentials", "nonsense");
  EXPECT_THAT(error(at("x")), HasSubstr(".credentials: line 1"));
  home_.write(".config/enroot/.credentials", "");
  home_.write(".docker/config.json", "{");
  EXPECT_THAT(error(at("x")), HasSubstr("config.json: it is not a JSON object"));
}

TEST_F(Credentials, Helpers) {
  auto config = home_.write(
      ".docker/config.json",
      R"({"credHelpers":{"own":"one"},"credsStore":"all","auths":{"x":{"username":"u","password":"p"}}})");
  helper("one", R"(test "$1" = get && read server; echo "{\"Username\":\"$server\",\"Secret\":\"s\"}")");
  auto own = look(at("own"));
  EXPECT_EQ(own.found->user, "own");
  EXPECT_EQ(own.found->secret, "s");
  EXPECT_EQ(own.found->source, "docker-credential-one of " + config);

  helper("all", "echo credentials not found in native keychain; exit 1");
  auto other = look(at("x"));
  EXPECT_EQ(other.found->user, "u") << "what the store does not have may be in the file";
  EXPECT_THAT(other.warnings, IsEmpty());

  helper("all", "echo keyring locked >&2; exit 1");
  EXPECT_THAT(look(at("y")).warnings,
              ElementsAre(HasSubstr("docker-credential-all: exited with status 1: keyring locked")));
  helper("one", "echo no such profile >&2; exit 7");
  EXPECT_THAT(error(at("own")), HasSubstr("no such profile"));
}

TEST_F(Credentials, HelperForDockerHubIsAskedInItsWords) {
  home_.write(".docker/config.json", R"({"credsStore":"all"})");
  helper("all", R"(read server; echo "{\"Username\":\"$server\",\"Secret\":\"s\"}")");
  EXPECT_EQ(look(at(std::string(docker_hub))).found->user, "https://index.docker.io/v1/");
}

TEST_F(Credentials, MissingOrStrangeHelper) {
  home_.write(".docker/config.json", R"({"credHelpers":{"a":"absent","b":"../evil"}})");
  EXPECT_THAT(error(at("a")), HasSubstr("docker-credential-absent: not found in PATH"));
  EXPECT_THAT(error(at("b")), HasSubstr("not the name of a helper"));
}

}  // namespace
}  // namespace pyxis
