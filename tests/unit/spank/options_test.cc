#include "spank/options.h"

#include <gmock/gmock.h>

#include <cstring>
#include <set>

#include "base/environment.h"
#include "contract/reference.h"

namespace pyxis::spank {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

GivenOptions::Lookup in(const std::vector<std::string>& lines) {
  return [env = Environment::from(lines)](const std::string& name) { return env.get(name); };
}

std::string problem(const Result<void>& result) {
  return result.ok() ? "" : result.error().text();
}

TEST(OptionTable, EveryRowIsFitForHelp) {
  for (const auto& row : option_rows()) {
    EXPECT_TRUE(std::string(row.help).starts_with("[pyxis] ")) << row.name;
    EXPECT_LE(std::strlen(row.name), 75u);  // SPANK_OPTION_MAXLEN
    EXPECT_EQ(option_row(row.opposite).opposite, row.id) << row.name;
    EXPECT_TRUE(row.environment || option_row(row.opposite).environment) << row.name;
  }
}

// The names that users' scripts have, each alone.
TEST(OptionTable, EveryOptionHasItsDefaultInTheEnvironment) {
  struct Default {
    const char *variable, *value;
    OptionId gives;
  };
  constexpr Default defaults[] = {{"PYXIS_CONTAINER_IMAGE", "debian", OptionId::image},
                                  {"PYXIS_CONTAINER_MOUNTS", "/a:/b", OptionId::mounts},
                                  {"PYXIS_CONTAINER_WORKDIR", "/w", OptionId::workdir},
                                  {"PYXIS_CONTAINER_NAME", "n:create", OptionId::name},
                                  {"PYXIS_CONTAINER_SAVE", "x.sqsh", OptionId::save},
                                  {"PYXIS_CONTAINER_MOUNT_HOME", "1", OptionId::mount_home},
                                  {"PYXIS_CONTAINER_MOUNT_HOME", "0", OptionId::no_mount_home},
                                  {"PYXIS_CONTAINER_REMAP_ROOT", "yes", OptionId::remap_root},
                                  {"PYXIS_CONTAINER_REMAP_ROOT", "no", OptionId::no_remap_root},
                                  {"PYXIS_CONTAINER_ENTRYPOINT", "true", OptionId::entrypoint},
                                  {"PYXIS_CONTAINER_ENTRYPOINT", "false", OptionId::no_entrypoint},
                                  {"PYXIS_CONTAINER_ENTRYPOINT_LOG", "1", OptionId::entrypoint_log},
                                  {"PYXIS_CONTAINER_WRITABLE", "1", OptionId::writable},
                                  {"PYXIS_CONTAINER_WRITABLE", "0", OptionId::readonly},
                                  {"PYXIS_CONTAINER_READONLY", "1", OptionId::readonly},
                                  {"PYXIS_CONTAINER_READONLY", "0", OptionId::writable},
                                  {"PYXIS_CONTAINER_ENV", "A,B", OptionId::env},
                                  {"PYXIS_CONTAINER_UNSHARE", "net", OptionId::unshare},
                                  {"PYXIS_CONTAINER_DEVICE", "vendor.com/gpu=0", OptionId::device},
                                  {"PYXIS_ENVIRONMENT", "work", OptionId::environment}};
  std::set<OptionId> seen;
  for (const auto& [variable, value, gives] : defaults) {
    GivenOptions given;
    EXPECT_EQ(problem(given.add_defaults(in({std::string(variable) + "=" + value}))), "") << variable;
    for (const auto& row : option_rows())
      EXPECT_EQ(given.has(row.id), row.id == gives) << variable << "=" << value << " " << row.name;
    if (option_row(gives).argument) {
      EXPECT_EQ(given.argument(gives), value);
    }
    seen.insert(gives);
  }
  EXPECT_EQ(seen.size(), option_rows().size());
}

TEST(OptionTable, CarriersAreSlurms) {
  EXPECT_EQ(carrier_variable(option_row(OptionId::mount_home)),
            "_SLURM_SPANK_OPTION_pyxis_container_mount_home");
  EXPECT_EQ(decision_variable(option_row(OptionId::mount_home)), "SLURM_PYXIS_CONTAINER_MOUNT_HOME");
}

TEST(Give, TheSameValueTwiceIsAccepted) {
  GivenOptions given;
  EXPECT_TRUE(given.give(OptionId::image, "a").ok());
  EXPECT_TRUE(given.give(OptionId::image, "a").ok());
  EXPECT_TRUE(given.give(OptionId::writable, "").ok());
  EXPECT_TRUE(given.give(OptionId::writable, "(null)").ok());
}

TEST(Give, TheKnownErrors) {
  GivenOptions given;
  EXPECT_TRUE(given.give(OptionId::image, "a").ok());
  EXPECT_EQ(problem(given.give(OptionId::image, "b")), "--container-image specified multiple times");
  EXPECT_EQ(problem(given.give(OptionId::workdir, "")), "--container-workdir: argument required");
  EXPECT_TRUE(given.give(OptionId::readonly, "").ok());
  auto both = problem(given.give(OptionId::writable, ""));
  EXPECT_THAT(both, HasSubstr("--container-writable"));
  EXPECT_THAT(both, HasSubstr("--container-readonly"));
  EXPECT_FALSE(given.give(OptionId::unshare, "net,mnt").ok());
  EXPECT_THAT(problem(given.give(OptionId::device, "gpu=0")),
              HasSubstr("--container-device: device \"gpu=0\": 'gpu' is not of the form VENDOR/CLASS"));
  EXPECT_FALSE(given.give(OptionId::env, "A,,B").ok());
  EXPECT_FALSE(given.give(OptionId::env, "A=1").ok());
  EXPECT_FALSE(given.give(OptionId::save, "/tmp/").ok());
  EXPECT_FALSE(given.give(OptionId::name, "a/b").ok());
  EXPECT_FALSE(given.give(OptionId::mounts, "a").ok());
}

// The engine's own check, in its words: what it would refuse on the node is refused before that.
TEST(Give, WhatIsNoNameOfAnImageIsNone) {
  for (std::string image : {"UPPER/x", "a:ta/g", "two words", "docker://", "a@sha256:short", "ftp://x"}) {
    GivenOptions given;
    EXPECT_EQ(problem(given.give(OptionId::image, image)),
              "--container-image: " + parse_reference(image).error().text());
  }
  for (std::string image :
       {"debian", "docker://alice@nvcr.io#nvidia/cuda:12", "./a file.sqsh", "/UPPER/x.sqsh",
        "oci-archive:Images/a.tar", "dockerd://mine", "localhost:5000/a:b"}) {
    GivenOptions given;
    EXPECT_EQ(problem(given.give(OptionId::image, image)), "") << image;
  }
}

TEST(Give, AnInheritedOptionYields) {
  GivenOptions given;
  EXPECT_TRUE(given.give(OptionId::image, "a", Origin::inherited).ok());
  EXPECT_TRUE(given.give(OptionId::writable, "", Origin::inherited).ok());
  EXPECT_TRUE(given.give(OptionId::image, "b").ok());
  EXPECT_TRUE(given.give(OptionId::readonly, "").ok());
  EXPECT_TRUE(given.give(OptionId::image, "c", Origin::inherited).ok());
  EXPECT_EQ(given.argument(OptionId::image), "b");
  EXPECT_FALSE(given.has(OptionId::writable));
  EXPECT_FALSE(given.give(OptionId::image, "c").ok());
}

TEST(Defaults, ComeAfterTheCommandLine) {
  GivenOptions given;
  ASSERT_TRUE(given.give(OptionId::image, "mine").ok());
  ASSERT_TRUE(given.give(OptionId::no_mount_home, "").ok());
  ASSERT_TRUE(given
                  .add_defaults(in({"PYXIS_CONTAINER_IMAGE=other", "PYXIS_CONTAINER_MOUNT_HOME=1",
                                    "PYXIS_CONTAINER_WORKDIR=/w", "PYXIS_CONTAINER_NAME="}))
                  .ok());
  auto options = given.resolve({}).value();
  EXPECT_EQ(options.image, "mine");
  EXPECT_EQ(options.mount_home, std::optional(false));
  EXPECT_EQ(options.workdir, "/w");
  EXPECT_FALSE(options.name);
}

TEST(Defaults, BooleansGoBothWays) {
  GivenOptions given;
  ASSERT_TRUE(given
                  .add_defaults(in({"PYXIS_CONTAINER_REMAP_ROOT=yes", "PYXIS_CONTAINER_ENTRYPOINT=0",
                                    "PYXIS_CONTAINER_READONLY=true", "PYXIS_CONTAINER_ENTRYPOINT_LOG=n"}))
                  .ok());
  auto options = given.resolve({}).value();
  EXPECT_EQ(options.remap_root, std::optional(true));
  EXPECT_EQ(options.entrypoint, std::optional(false));
  EXPECT_EQ(options.writable, std::optional(false));
  EXPECT_FALSE(options.entrypoint_log);
  EXPECT_EQ(options.mount_home, std::nullopt);
}

TEST(Defaults, TheVariableIsNamed) {
  GivenOptions given;
  EXPECT_THAT(problem(given.add_defaults(in({"PYXIS_CONTAINER_UNSHARE=x"}))),
              HasSubstr("PYXIS_CONTAINER_UNSHARE"));
  EXPECT_THAT(problem(given.add_defaults(in({"PYXIS_CONTAINER_WRITABLE=2"}))),
              HasSubstr("PYXIS_CONTAINER_WRITABLE"));
  EXPECT_FALSE(given.add_defaults(in({"PYXIS_CONTAINER_WRITABLE=1", "PYXIS_CONTAINER_READONLY=1"})).ok());
}

TEST(Decisions, AreTakenAsTheyAre) {
  GivenOptions given;
  ASSERT_TRUE(
      given.add_decisions(in({"SLURM_PYXIS_CONTAINER_IMAGE=a", "SLURM_PYXIS_CONTAINER_READONLY="})).ok());
  auto options = given.resolve({}).value();
  EXPECT_EQ(options.image, "a");
  EXPECT_EQ(options.writable, std::optional(false));
}

TEST(Resolve, TypesTheValues) {
  GivenOptions given;
  ASSERT_TRUE(given.give(OptionId::name, "n:exec").ok());
  ASSERT_TRUE(given.give(OptionId::mounts, "/a:/b,/c").ok());
  ASSERT_TRUE(given.give(OptionId::env, "A,B").ok());
  ASSERT_TRUE(given.give(OptionId::unshare, "net,net,ipc").ok());
  auto options = given.resolve({}).value();
  EXPECT_TRUE(options.contained());
  EXPECT_EQ(options.name->mode, NameMode::exec);
  EXPECT_EQ(options.mounts.size(), 2u);
  EXPECT_THAT(options.env_names, ElementsAre("A", "B"));
  EXPECT_THAT(options.unshare, ElementsAre("net", "ipc"));
}

TEST(Resolve, DevicesOfTheUserTakeThePlaceOfTheSites) {
  Config config;
  config.devices = {"v.com/gpu=slurm"};
  auto resolved = [&](const char* device) {
    GivenOptions given;
    EXPECT_TRUE(given.give(OptionId::image, "debian").ok());
    if (device) {
      EXPECT_EQ(problem(given.give(OptionId::device, device)), "");
    }
    return given.resolve(config);
  };
  EXPECT_THAT(resolved(nullptr)->devices, ElementsAre("v.com/gpu=slurm"));
  EXPECT_TRUE(resolved(nullptr)->devices_by_default);
  EXPECT_THAT(resolved("v.com/net=0,v.com/gpu=1")->devices, ElementsAre("v.com/net=0", "v.com/gpu=1"));
  EXPECT_FALSE(resolved("v.com/net=0")->devices_by_default);
  EXPECT_TRUE(resolved("none")->devices.empty());
  config = {};
  config.engine = EngineKind::enroot;
  EXPECT_THAT(resolved("v.com/net=0").error().text(), HasSubstr("enroot, which knows no devices by CDI"));
  EXPECT_TRUE(resolved("none").ok());
  EXPECT_TRUE(resolved(nullptr).ok());
}

TEST(Resolve, TheSettingDecidesAboutTheEntrypointWhereNobodySays) {
  auto with = [](std::optional<OptionId> id, bool setting) {
    GivenOptions given;
    EXPECT_TRUE(given.give(OptionId::name, "n").ok());
    if (id) EXPECT_TRUE(given.give(*id, "").ok());
    Config config;
    config.execute_entrypoint = setting;
    auto options = given.resolve(config);
    EXPECT_TRUE(options.ok());
    return options->entrypoint;
  };
  EXPECT_EQ(with(std::nullopt, false), std::nullopt);
  EXPECT_EQ(with(std::nullopt, true), true);
  EXPECT_EQ(with(OptionId::entrypoint, false), true);
  EXPECT_EQ(with(OptionId::no_entrypoint, true), false);
}

TEST(Ignored, OneLineForEachOptionOfTheCommandLine) {
  GivenOptions given;
  ASSERT_TRUE(given.give(OptionId::mounts, "/a").ok());
  ASSERT_TRUE(given.give(OptionId::save, "/a").ok());
  ASSERT_TRUE(given.give(OptionId::workdir, "/a", Origin::inherited).ok());
  EXPECT_THAT(
      given.ignored(),
      ElementsAre("ignoring --container-mounts because neither --container-image nor --container-name is set",
                  "ignoring --container-save because neither --container-image nor --container-name is set"));
  EXPECT_TRUE(given.resolve({}).ok());
  ASSERT_TRUE(given.give(OptionId::name, "n").ok());
  EXPECT_THAT(given.ignored(), IsEmpty());
}

}  // namespace
}  // namespace pyxis::spank
