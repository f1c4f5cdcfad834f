// What registries.conf says, and where repositories are to be had by it.
#include "registry/registries_conf.h"

#include <gmock/gmock.h>

namespace pyxis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string error_of(const std::string& text) {
  RegistriesConf conf;
  auto added = conf.add(text, "site.conf");
  return added.ok() ? "" : added.error().text();
}

RegistriesConf conf_of(const std::string& text) {
  RegistriesConf conf;
  EXPECT_TRUE(conf.add(text, "site.conf").ok()) << error_of(text);
  return conf;
}

// "m:" before mirrors, "+http" behind what may be on it.
std::vector<std::string> places(const RegistriesConf& conf, const std::string& registry,
                                const std::string& repository) {
  auto endpoints = conf.endpoints(registry, repository);
  if (!endpoints.ok()) return {endpoints.error().message};
  std::vector<std::string> out;
  for (const auto& each : *endpoints)
    out.push_back((each.mirror ? "m:" : "") + each.registry + "/" + each.repository +
                  (each.insecure ? "+http" : ""));
  return out;
}

TEST(RegistriesConfTest, WithoutARuleARepositoryIsWhereItsNameSays) {
  EXPECT_THAT(places({}, "a.example", "x/y"), ElementsAre("a.example/x/y"));
}

TEST(RegistriesConfTest, MirrorsComeFirstInOrderAndTheLocationLast) {
  auto conf = conf_of(R"([[registry]]
prefix = "a.example/team"
location = "b.example/other"
insecure = true
[[registry.mirror]]
location = "127.0.0.1:30020"
insecure = true
[[registry.mirror]]
location = "cache.example:5000/proxy/a"
)");
  EXPECT_THAT(
      places(conf, "a.example", "team/x"),
      ElementsAre("m:127.0.0.1:30020/x+http", "m:cache.example:5000/proxy/a/x", "b.example/other/x+http"));
  EXPECT_THAT(places(conf, "a.example", "teams/x"), ElementsAre("a.example/teams/x"));
}

TEST(RegistriesConfTest, InsecureWithoutALocationIsOfTheRegistryItself) {
  auto conf = conf_of("[[registry]]\nprefix = 'a.example'\ninsecure = true\n");
  EXPECT_THAT(places(conf, "a.example", "x"), ElementsAre("a.example/x+http"));
}

TEST(RegistriesConfTest, TheLongestPrefixDecides) {
  auto conf = conf_of(R"([[registry]]
location = "a.example"
[[registry]]
prefix = "a.example/x/y"
location = "c.example/deep"
[[registry]]
prefix = "a.example/x"
location = "b.example/flat"
[[registry]]
prefix = "*.example"
location = "any.example/all"
)");
  EXPECT_THAT(places(conf, "a.example", "x/y/z"), ElementsAre("c.example/deep/z"));
  EXPECT_THAT(places(conf, "a.example", "x/y"), ElementsAre("c.example/deep"));
  EXPECT_THAT(places(conf, "a.example", "x/yy"), ElementsAre("b.example/flat/yy"));
  EXPECT_THAT(places(conf, "a.example", "q"), ElementsAre("a.example/q"));
  EXPECT_THAT(places(conf, "deep.q.example:5000", "z"), ElementsAre("any.example/all/z"));
  EXPECT_THAT(places(conf, "example", "z"), ElementsAre("example/z"));
  EXPECT_THAT(places(conf, "an-example", "z"), ElementsAre("an-example/z"));
}

TEST(RegistriesConfTest, DockerHubHasOneName) {
  auto conf = conf_of("[[registry]]\nlocation = 'docker.io'\n[[registry.mirror]]\nlocation = 'hub.cache'\n");
  EXPECT_THAT(places(conf, "registry-1.docker.io", "library/x"),
              ElementsAre("m:hub.cache/library/x", "registry-1.docker.io/library/x"));
}

TEST(RegistriesConfTest, WhatAMirrorIsAskedFor) {
  auto conf = conf_of(R"([[registry]]
location = "a.example"
[[registry.mirror]]
location = "m.example"
pull-from-mirror = "tag-only"
[[registry]]
location = "b.example"
mirror-by-digest-only = true
[[registry.mirror]]
location = "m.example"
)");
  EXPECT_EQ(conf.endpoints("a.example", "x")->front().use, MirrorUse::by_tag);
  EXPECT_EQ(conf.endpoints("b.example", "x")->front().use, MirrorUse::by_digest);
}

TEST(RegistriesConfTest, WhatIsBlockedIsAnErrorThatNamesTheLine) {
  auto conf = conf_of("\n[[registry]]\nlocation = 'a.example/x'\nblocked = true\n");
  auto endpoints = conf.endpoints("a.example", "x/y");
  ASSERT_FALSE(endpoints.ok());
  EXPECT_THAT(endpoints.error().message, HasSubstr("'a.example/x' (site.conf:2)"));
  EXPECT_EQ(endpoints.error().code, EPERM);
  EXPECT_TRUE(conf.endpoints("a.example", "z").ok());
}

TEST(RegistriesConfTest, ALaterFileTakesThePlaceOfARule) {
  auto conf = conf_of("[[registry]]\nlocation = 'a.example'\nblocked = true\n");
  ASSERT_TRUE(conf.add("[[registry]]\nprefix = 'a.example'\nlocation = 'b.example'\n", "later.conf").ok());
  EXPECT_THAT(places(conf, "a.example", "x"), ElementsAre("b.example/x"));
}

TEST(RegistriesConfTest, AWholeRepositoryNeedsANameAtTheOtherPlace) {
  auto conf = conf_of("[[registry]]\nprefix = 'a.example/x'\nlocation = 'b.example'\n");
  EXPECT_FALSE(conf.endpoints("a.example", "x").ok());
  EXPECT_THAT(places(conf, "a.example", "x/y"), ElementsAre("b.example/y"));
}

TEST(RegistriesConfTest, ErrorsNameFileLineAndKey) {
  struct Row {
    const char *text, *said;
  };
  for (const auto& row : {
           Row{"[[registry]]\nlocation = 'a.example'\nunknown = 1\n", "site.conf:3: unknown key 'unknown'"},
           {"search = []\n", "site.conf:1: unknown key 'search'"},
           {"[registries.search]\nregistries = ['docker.io']\n", "version 1"},
           {"[[registry]]\nlocation = 5\n", "site.conf:2: location is to be a text"},
           {"[[registry]]\nlocation = 'a.example'\ninsecure = 'yes'\n",
            "site.conf:3: insecure is to be true or false"},
           {"[registry]\nlocation = 'a.example'\n", "site.conf:1: registry is to be [[registry]]"},
           {"[[registry]]\ninsecure = true\n", "site.conf:1: a registry has neither prefix nor location"},
           {"[[registry]]\nlocation = 'http://a.example'\n", "insecure = true"},
           {"[[registry]]\nlocation = 'a.example/x:tag'\n", "only whole repositories"},
           {"[[registry]]\nlocation = 'a.example/X'\n", "upper-case"},
           {"[[registry]]\nlocation = 'me@a.example'\n", "is no registry"},
           {"[[registry]]\nprefix = '*.a.example/x'\n", "neither port nor path"},
           {"[[registry]]\nlocation = '*.a.example'\nprefix = 'a.example'\n", "site.conf:1: location"},
           {"[[registry]]\nlocation = 'a.example'\n[[registry.mirror]]\ninsecure = true\n",
            "a mirror has no location"},
           {"[[registry]]\nlocation = 'a.example'\n[[registry.mirror]]\nlocation = 'b'\npull-from-mirror = "
            "'some'\n",
            "site.conf:5: pull-from-mirror: 'some'"},
           {"[[registry]]\nlocation = 'a.example'\nmirror-by-digest-only = true\n"
            "[[registry.mirror]]\nlocation = 'b.example'\npull-from-mirror = 'all'\n",
            "keep one of them"},
           {"[[registry]]\nlocation = 'a.example'\n[[registry]]\nprefix = 'a.example'\n",
            "site.conf:3: 'a.example' is there already, at site.conf:1"},
           {"[[registry]", "site.conf:1"},
           {"[[registry]]\nlocation = 127.0.0.1:5000\n", "texts are in quotes"},
           {"[[=", "site.conf:1"},
           {"[[\1registry]]", "site.conf:1"},
           {"r\xc3\xa4gistry = 1", "site.conf:1"},
           {"[[registry]]\nlocation = 'r\xc3\xa4gistry.example'\n", "site.conf:1: prefix: "},
           {"[[", "site.conf:1"},
       })
    EXPECT_THAT(error_of(row.text), HasSubstr(row.said)) << row.text;
}

TEST(RegistriesConfTest, WhatIsForOtherToolsIsPassedOver) {
  EXPECT_EQ(error_of("\xef\xbb\xbf# f\xc3\xbcr die anderen\nunqualified-search-registries = "
                     "['docker.io']\nshort-name-mode = 'permissive'\n"
                     "credential-helpers = []\n[aliases]\nx = 'a.example/x'\n"),
            "");
}

}  // namespace
}  // namespace pyxis
