#include "spank/client.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "fake_slurm.h"

namespace pyxis::spank {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

size_t registered_in(Context context, bool sbatch_support) {
  FakeSlurm slurm;
  slurm.where = context;
  Config config;
  config.sbatch_support = sbatch_support;
  EXPECT_TRUE(register_options(slurm, config).ok());
  return slurm.registered.size();
}

TEST(RegisterOptions, WhereTheyBelong) {
  EXPECT_EQ(registered_in(Context::local, true), option_rows().size());
  EXPECT_EQ(registered_in(Context::local, false), option_rows().size());
  EXPECT_EQ(registered_in(Context::remote, false), option_rows().size());
  EXPECT_EQ(registered_in(Context::allocator, true), option_rows().size());
  EXPECT_EQ(registered_in(Context::allocator, false), 0u);
  EXPECT_EQ(registered_in(Context::slurmd, true), 0u);
  EXPECT_EQ(registered_in(Context::job_script, true), 0u);
}

Result<EnvironmentFile> no_files(const std::string& argument) {
  ADD_FAILURE() << "asked for " << argument;
  return fail("no files here");
}

TEST(Client, LeavesTheOutcomeForTheNode) {
  FakeSlurm slurm;
  FakeVariables variables;
  variables.env = Environment::from({"PYXIS_CONTAINER_WORKDIR=/w", "SLURM_PYXIS_CONTAINER_NAME=stale",
                                     "_SLURM_SPANK_OPTION_pyxis_container_mounts=/of/salloc"});
  GivenOptions given;
  ASSERT_TRUE(given.give(OptionId::image, "a").ok());
  EXPECT_EQ(check_client_options(slurm, {}, given, variables, true, no_files), 0);
  EXPECT_EQ(variables.env.get("SLURM_PYXIS_DECIDED"), "1");
  EXPECT_EQ(variables.env.get("SLURM_PYXIS_CONTAINER_IMAGE"), "a");
  EXPECT_EQ(variables.env.get("SLURM_PYXIS_CONTAINER_WORKDIR"), "/w");
  EXPECT_EQ(variables.env.get("SLURM_PYXIS_CONTAINER_MOUNTS"), "/of/salloc");
  EXPECT_EQ(variables.env.get("SLURM_PYXIS_CONTAINER_NAME"), std::nullopt);
  EXPECT_THAT(slurm.said, IsEmpty());
}

TEST(Client, FailsOnWhatTheEnvironmentHolds) {
  FakeSlurm slurm;
  FakeVariables variables;
  variables.env = Environment::from({"PYXIS_CONTAINER_NAME=a/b"});
  EXPECT_EQ(check_client_options(slurm, {}, {}, variables, true, no_files), -1);
  ASSERT_THAT(slurm.errors, SizeIs(1));
  EXPECT_THAT(slurm.errors[0], HasSubstr("pyxis: PYXIS_CONTAINER_NAME: --container-name"));
}

TEST(Client, SaysWhatItIgnores) {
  FakeSlurm slurm;
  FakeVariables variables;
  GivenOptions given;
  ASSERT_TRUE(given.give(OptionId::mounts, "/a").ok());
  EXPECT_EQ(check_client_options(slurm, {}, given, variables, true, no_files), 0);
  EXPECT_THAT(slurm.said,
              ElementsAre("pyxis: ignoring --container-mounts because neither --container-image nor "
                          "--container-name is set"));
}

// --environment, with one file in the world.
class ClientWithFile : public ::testing::Test {
 protected:
  ClientWithFile() {
    file.argument = "work";
    file.path = "/home/alice/.edf/work.toml";
    file.image = "of-file";
    file.mounts = "/file:/file";
    file.writable = true;
    file.variables = {{"A", "1"}, {"GONE", ""}};
  }
  int check(bool say_ignored = true) {
    auto read = [this](const std::string& argument) -> Result<EnvironmentFile> {
      ++reads;
      if (argument != file.argument) return fail("no such file");
      return file;
    };
    return check_client_options(slurm, config, given, variables, say_ignored, read);
  }
  std::string decided(const std::string& name) { return variables.env.get_or("SLURM_PYXIS_" + name, "-"); }

  FakeSlurm slurm;
  FakeVariables variables;
  Config config;
  GivenOptions given;
  EnvironmentFile file;
  int reads = 0;
};

TEST_F(ClientWithFile, ItsOptionsAndVariablesAreTheOutcome) {
  ASSERT_TRUE(given.give(OptionId::environment, "work").ok());
  EXPECT_EQ(check(), 0);
  EXPECT_EQ(decided("CONTAINER_IMAGE"), "of-file");
  EXPECT_EQ(decided("CONTAINER_MOUNTS"), "/file:/file");
  EXPECT_TRUE(variables.env.has("SLURM_PYXIS_CONTAINER_WRITABLE"));
  EXPECT_EQ(decided("ENVIRONMENT"), file.encode());
  EXPECT_EQ(reads, 1);
}

TEST_F(ClientWithFile, TheCommandLineWinsOverItAndItOverTheRest) {
  variables.env = Environment::from({"PYXIS_CONTAINER_MOUNTS=/of/variable",
                                     "PYXIS_CONTAINER_WORKDIR=/of/variable", "PYXIS_CONTAINER_READONLY=1",
                                     "_SLURM_SPANK_OPTION_pyxis_container_image=of-salloc"});
  ASSERT_TRUE(given.give(OptionId::environment, "work").ok());
  EXPECT_EQ(check(), 0);
  EXPECT_EQ(decided("CONTAINER_IMAGE"), "of-file");
  EXPECT_EQ(decided("CONTAINER_MOUNTS"), "/file:/file");
  EXPECT_TRUE(variables.env.has("SLURM_PYXIS_CONTAINER_WRITABLE"));
  EXPECT_FALSE(variables.env.has("SLURM_PYXIS_CONTAINER_READONLY"));
  EXPECT_EQ(decided("CONTAINER_WORKDIR"), "/of/variable");
  ASSERT_TRUE(given.give(OptionId::image, "mine").ok());
  ASSERT_TRUE(given.give(OptionId::readonly, "").ok());
  EXPECT_EQ(check(), 0);
  EXPECT_EQ(decided("CONTAINER_IMAGE"), "mine");
  EXPECT_EQ(decided("CONTAINER_MOUNTS"), "/file:/file");
  EXPECT_TRUE(variables.env.has("SLURM_PYXIS_CONTAINER_READONLY"));
  EXPECT_FALSE(variables.env.has("SLURM_PYXIS_CONTAINER_WRITABLE"));
}

TEST_F(ClientWithFile, OfAnInheritedOneTheOptionsBesideItWin) {
  variables.env = Environment::from({"_SLURM_SPANK_OPTION_pyxis_environment=work",
                                     "_SLURM_SPANK_OPTION_pyxis_container_image=of-salloc",
                                     "PYXIS_CONTAINER_MOUNTS=/of/variable"});
  EXPECT_EQ(check(), 0);
  EXPECT_EQ(decided("CONTAINER_IMAGE"), "of-salloc");
  EXPECT_EQ(decided("CONTAINER_MOUNTS"), "/file:/file");
}

TEST_F(ClientWithFile, ItsNameMayComeFromAVariable) {
  variables.env = Environment::from({"PYXIS_ENVIRONMENT=work", "PYXIS_CONTAINER_IMAGE=of-variable"});
  EXPECT_EQ(check(), 0);
  EXPECT_EQ(decided("CONTAINER_IMAGE"), "of-file");
}

TEST_F(ClientWithFile, WhatWasReadForAnInheritedOneIsNotReadAgain) {
  auto before = file;
  before.image = "as-it-was";
  variables.env = Environment::from(
      {"_SLURM_SPANK_OPTION_pyxis_environment=work", "SLURM_PYXIS_ENVIRONMENT=" + before.encode()});
  EXPECT_EQ(check(), 0);
  EXPECT_EQ(reads, 0);
  EXPECT_EQ(decided("CONTAINER_IMAGE"), "as-it-was");
  // One that is given is.
  ASSERT_TRUE(given.give(OptionId::environment, "work").ok());
  EXPECT_EQ(check(), 0);
  EXPECT_EQ(reads, 1);
  EXPECT_EQ(decided("CONTAINER_IMAGE"), "of-file");
}

TEST_F(ClientWithFile, WhatWasReadForAnotherNameDoesNotCount) {
  auto other = file;
  other.argument = "other";
  variables.env = Environment::from(
      {"_SLURM_SPANK_OPTION_pyxis_environment=work", "SLURM_PYXIS_ENVIRONMENT=" + other.encode()});
  EXPECT_EQ(check(), 0);
  EXPECT_EQ(reads, 1);
  // Nor does it stay where there is no file at all.
  given = {};
  variables.env = Environment::from({"SLURM_PYXIS_ENVIRONMENT=" + other.encode()});
  EXPECT_EQ(check(), 0);
  EXPECT_FALSE(variables.env.has("SLURM_PYXIS_ENVIRONMENT"));
}

TEST_F(ClientWithFile, ErrorsOfTheFileAreTheClients) {
  ASSERT_TRUE(given.give(OptionId::environment, "none").ok());
  EXPECT_EQ(check(), -1);
  EXPECT_THAT(slurm.errors, ElementsAre("pyxis: no such file"));
}

TEST_F(ClientWithFile, WithoutAnImageItIsAnErrorExceptInSalloc) {
  file.image.clear();
  ASSERT_TRUE(given.give(OptionId::environment, "work").ok());
  EXPECT_EQ(check(), -1);
  EXPECT_THAT(slurm.errors, ElementsAre(HasSubstr("/home/alice/.edf/work.toml names no image; write image")));
  EXPECT_EQ(check(false), 0);
  ASSERT_TRUE(given.give(OptionId::name, "n").ok());
  EXPECT_EQ(check(), 0);
}

TEST_F(ClientWithFile, EnrootHasNoDevices) {
  config.engine = EngineKind::enroot;
  file.devices = "v.com/gpu=0";
  ASSERT_TRUE(given.give(OptionId::environment, "work").ok());
  EXPECT_EQ(check(), -1);
  EXPECT_THAT(slurm.errors,
              ElementsAre(HasSubstr("work.toml: devices: this cluster's containers are made by enroot")));
}

}  // namespace
}  // namespace pyxis::spank
