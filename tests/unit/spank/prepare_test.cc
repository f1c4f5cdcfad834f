#include <gmock/gmock.h>
#include <sys/socket.h>

#include "fake_slurm.h"
#include "spank/step.h"
#include "temporary.h"

namespace pyxis::spank {
namespace {

using ::testing::HasSubstr;

class Prepare : public ::testing::Test {
 protected:
  Prepare() { config.runtime_path = top.path() + "/pyxis"; }
  std::unique_ptr<Step> prepare(GivenOptions given = {}, std::optional<Error> early = std::nullopt) {
    return prepare_step(slurm, config, std::move(given), std::move(early));
  }
  static GivenOptions image(const std::string& name) {
    GivenOptions given;
    EXPECT_TRUE(given.give(OptionId::image, name).ok());
    return given;
  }
  Temporary top;
  Config config;
  FakeSlurm slurm;
};

TEST_F(Prepare, AStepWithoutAContainerIsLeftAlone) {
  EXPECT_EQ(prepare(), nullptr);
  GivenOptions given;
  ASSERT_TRUE(given.give(OptionId::mounts, "/a").ok());
  EXPECT_EQ(prepare(given), nullptr);
}

TEST_F(Prepare, GathersAllThatTasksNeed) {
  auto step = prepare(image("a"));
  ASSERT_TRUE(step);
  EXPECT_FALSE(step->deferred) << step->deferred->text();
  EXPECT_EQ(step->container, "pyxis_7.0");
  EXPECT_TRUE(step->temporary());
  EXPECT_TRUE(step->rendezvous);
  EXPECT_TRUE(step->leash_keep && step->leash_engine);
  EXPECT_EQ(step->runtime_dir, config.runtime_path + "/" + std::to_string(::getuid()));
}

TEST_F(Prepare, NothingCanBeSentToSlurmstepdOverTheLeash) {
  auto step = prepare(image("a"));
  ASSERT_TRUE(step && !step->deferred);
  EXPECT_EQ(::send(step->leash_engine.get(), "x", 1, MSG_NOSIGNAL), -1);
  EXPECT_EQ(errno, EPIPE);
}

TEST_F(Prepare, WhatTheClientDecidedCounts) {
  slurm.variables = Environment::from(
      {"SLURM_PYXIS_DECIDED=1", "SLURM_PYXIS_CONTAINER_IMAGE=b", "PYXIS_CONTAINER_WORKDIR=/ignored", "X=1"});
  auto step = prepare(image("a"), fail("a bad option"));
  ASSERT_TRUE(step);
  EXPECT_FALSE(step->deferred);
  EXPECT_EQ(step->options.image, "b");
  EXPECT_EQ(step->options.workdir, "");
  EXPECT_EQ(slurm.variables.lines(), (std::vector<std::string>{"PYXIS_CONTAINER_WORKDIR=/ignored", "X=1"}));
}

TEST_F(Prepare, WithoutAClientTheJobsDefaultsCount) {
  slurm.variables = Environment::from({"PYXIS_CONTAINER_IMAGE=b"});
  auto step = prepare();
  ASSERT_TRUE(step);
  EXPECT_EQ(step->options.image, "b");
}

TEST_F(Prepare, AFileIsWhatTheClientHasReadOfIt) {
  EnvironmentFile file;
  file.argument = "work";
  file.image = "decided-otherwise";
  file.variables = {{"A", "1"}, {"GONE", ""}};
  slurm.variables = Environment::from(
      {"SLURM_PYXIS_DECIDED=1", "SLURM_PYXIS_CONTAINER_IMAGE=b", "SLURM_PYXIS_ENVIRONMENT=" + file.encode()});
  auto decided = slurm.variables;
  auto step = prepare();
  ASSERT_TRUE(step && !step->deferred);
  EXPECT_EQ(step->options.image, "b");
  EXPECT_EQ(step->options.variables, file.variables);
  EXPECT_TRUE(slurm.variables.values().empty());
  // The sruns of a batch script inherit the file's name, and what was read for it.
  slurm.variables = decided;
  slurm.numbers[Item::step_id] = step_batch;
  ASSERT_TRUE(prepare());
  EXPECT_EQ(slurm.variables.lines(), std::vector<std::string>{"SLURM_PYXIS_ENVIRONMENT=" + file.encode()});
}

TEST_F(Prepare, NoFileIsReadOnTheNode) {
  slurm.variables = Environment::from({"PYXIS_ENVIRONMENT=work"});
  auto step = prepare(image("a"));
  ASSERT_TRUE(step && step->deferred);
  EXPECT_THAT(step->deferred->text(),
              HasSubstr("--environment=work: the file was not read where the job was submitted"));
  slurm.variables = Environment::from(
      {"SLURM_PYXIS_DECIDED=1", "SLURM_PYXIS_CONTAINER_IMAGE=b", "SLURM_PYXIS_ENVIRONMENT=nonsense"});
  step = prepare();
  ASSERT_TRUE(step && step->deferred);
  EXPECT_THAT(step->deferred->text(), HasSubstr("--environment: a field has no '='"));
}

TEST_F(Prepare, ErrorsWaitForTheTasks) {
  auto step = prepare(image("a"), fail("a bad option"));
  ASSERT_TRUE(step && step->deferred);
  EXPECT_EQ(step->deferred->text(), "a bad option");
  slurm.numbers.erase(Item::job_id);
  step = prepare(image("a"));
  ASSERT_TRUE(step && step->deferred);
  EXPECT_THAT(step->deferred->text(), HasSubstr("job id"));
  config.runtime_path = "/no/such/place";
  slurm.numbers[Item::job_id] = 7;
  step = prepare(image("a"));
  ASSERT_TRUE(step && step->deferred);
  EXPECT_THAT(step->deferred->text(), HasSubstr("/no/such/place"));
}

TEST_F(Prepare, SlurmsOwnStepIsNeverContained) {
  slurm.variables = Environment::from({"PYXIS_CONTAINER_IMAGE=b"});
  slurm.numbers[Item::step_id] = step_extern;
  EXPECT_EQ(prepare(), nullptr);
}

TEST_F(Prepare, BatchScriptsAreContainedUnlessSwitchedOff) {
  slurm.numbers[Item::step_id] = step_batch;
  auto step = prepare(image("a"));
  ASSERT_TRUE(step);
  EXPECT_EQ(step->container, "pyxis_7.4294967291");
  config.sbatch_support = false;
  EXPECT_EQ(prepare(image("a")), nullptr);
  slurm.numbers[Item::step_id] = 0;
  EXPECT_TRUE(prepare(image("a")));
}

}  // namespace
}  // namespace pyxis::spank
