#include "image/config.h"

#include <gmock/gmock.h>

#include "image/manifest.h"

namespace pyxis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string error_of(std::string_view text) {
  auto config = parse_config(text);
  return config.ok() ? "no error" : config.error().text();
}

TEST(ImageConfig, AllFields) {
  auto config = parse_config(R"({"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin","A=b=c"],
    "Entrypoint":["/init","-x"],"Cmd":["sh"],"WorkingDir":"/w","User":"me:us","Volumes":{"/v":{},"/a":{}},
    "Labels":{"k":"v","n":null,"o":{"x":1}}},"rootfs":{"type":"layers","diff_ids":[")" +
                             digest + R"("]}})")
                    .value();
  EXPECT_EQ(config.architecture, "amd64");
  EXPECT_EQ(config.os, "linux");
  EXPECT_THAT(config.env, ElementsAre("PATH=/bin", "A=b=c"));
  EXPECT_THAT(config.entrypoint, ElementsAre("/init", "-x"));
  EXPECT_THAT(config.cmd, ElementsAre("sh"));
  EXPECT_EQ(config.working_dir, "/w");
  EXPECT_EQ(config.user, "me:us");
  EXPECT_THAT(config.volumes, ElementsAre("/a", "/v"));
  EXPECT_EQ(config.labels.at("k"), "v");
  EXPECT_EQ(config.labels.at("n"), "");
  EXPECT_EQ(config.labels.at("o"), "{\"x\":1}");
  ASSERT_EQ(config.diff_ids.size(), 1u);
  EXPECT_EQ(config.diff_ids[0].text(), digest);
}

TEST(ImageConfig, NullAndAbsentAreEmpty) {
  for (auto text :
       {"{}", R"({"config":null,"rootfs":null})",
        R"({"config":{"Env":null,"Entrypoint":null,"Cmd":null,"WorkingDir":null,"User":null,"Volumes":null,
                       "Labels":null},"rootfs":{"diff_ids":null},"architecture":null})"}) {
    auto config = parse_config(text);
    ASSERT_TRUE(config.ok()) << config.error().text();
    EXPECT_TRUE(config->env.empty() && config->entrypoint.empty() && config->diff_ids.empty());
  }
  EXPECT_THAT(parse_config(R"({"config":{"Cmd":"sh"}})").value().cmd, ElementsAre("sh"));
}

TEST(ImageConfig, HostileInput) {
  EXPECT_THAT(error_of("<html>"), HasSubstr("image configuration is not JSON"));
  EXPECT_THAT(error_of(R"({"config":[]})"), HasSubstr("'config'"));
  EXPECT_THAT(error_of(R"({"config":{"Env":{}}})"), HasSubstr("'Env'"));
  EXPECT_THAT(error_of(R"({"config":{"Env":[1]}})"), HasSubstr("'Env'"));
  EXPECT_THAT(error_of(R"({"config":{"Env":["=x"]}})"), HasSubstr("without a name"));
  EXPECT_THAT(error_of(R"({"config":{"Env":["A=\u0000x"]}})"), HasSubstr("NUL"));
  EXPECT_THAT(error_of(R"({"config":{"Volumes":["/x"]}})"), HasSubstr("'Volumes'"));
  EXPECT_THAT(error_of(R"({"config":{"Volumes":{"/x\u0000":{}}}})"), HasSubstr("NUL"));
  EXPECT_THAT(error_of(R"({"config":{"Labels":5}})"), HasSubstr("'Labels'"));
  EXPECT_THAT(error_of(R"({"rootfs":{"diff_ids":["x"]}})"), HasSubstr("diff_ids"));
  EXPECT_THAT(error_of("{" + std::string(max_config_bytes, ' ') + "}"), HasSubstr("more than"));
}

TEST(ImageConfig, NestingIsBounded) {
  auto nested = [](size_t depth) {
    return R"({"config":{"Labels":{"a":)" + std::string(depth, '[') + std::string(depth, ']') + "}}}";
  };
  EXPECT_THAT(error_of(nested(3'000'000)), HasSubstr("nested more than 100 deep"));
  EXPECT_THAT(error_of(std::string(3'000'000, '[')), HasSubstr("nested more than 100 deep"));
  EXPECT_THAT(error_of(nested(98)), HasSubstr("nested more than 100 deep"));
  EXPECT_EQ(parse_config(nested(97)).value().labels.at("a"), std::string(97, '[') + std::string(97, ']'));
  auto brackets = R"({"config":{"Labels":{"a":"\"\\)" + std::string(1000, '[') + R"("}}})";
  EXPECT_EQ(parse_config(brackets).value().labels.at("a"), "\"\\" + std::string(1000, '['));
}

TEST(ImageConfig, PlatformOfTheImage) {
  auto wanted = parse_platform("amd64").value();
  EXPECT_TRUE(check_platform(parse_config("{}").value(), wanted).ok());
  EXPECT_TRUE(
      check_platform(parse_config(R"({"architecture":"amd64","variant":"v2","os":"linux"})").value(), wanted)
          .ok());
  EXPECT_THAT(
      check_platform(parse_config(R"({"architecture":"arm64","os":"linux"})").value(), wanted).error().text(),
      HasSubstr("linux/arm64"));
  EXPECT_FALSE(check_platform(parse_config(R"({"os":"windows"})").value(), wanted).ok());
}

}  // namespace
}  // namespace pyxis
