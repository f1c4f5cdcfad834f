// What a program of a job has for environment in a container. The rest of the rules:
// spank/environment_rules_test.cc.
#include "contract/task_environment.h"

#include <gmock/gmock.h>

namespace pyxis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(TaskEnvironment, TheContainersValuesWinUnlessNamed) {
  Started started;
  started.env = {"BOTH=image", "NAMED=image", "ABSENT=image", "SLURM_PROCID=image", "LANG=image"};
  started.env_unset = {"GONE", "SLURM_JOB_ID"};
  auto job = Environment::from({"BOTH=job", "NAMED=job", "GONE=job", "SLURM_PROCID=1", "SLURM_JOB_ID=2",
                                "LANG=job", "LC_ALL=job", "LANGUAGE=job"});
  EXPECT_THAT(task_environment(job, started, {"NAMED", "ABSENT", "LANGUAGE"}).lines(),
              ElementsAre("ABSENT=image", "BOTH=image", "LANG=image", "LANGUAGE=job", "NAMED=job",
                          "SLURM_JOB_ID=2", "SLURM_PROCID=1"));
}

TEST(Changes, WhatAProgramSetsChangesAndRemovesIsTheContainersNow) {
  Started started;
  started.env = {"KEPT=image", "CHANGED=image", "REMOVED=image"};
  auto given =
      Environment::from({"KEPT=image", "CHANGED=image", "REMOVED=image", "JOB=job", "JOB_REMOVED=job"});
  adopt_changes(started, given,
                Environment::from({"KEPT=image", "CHANGED=now", "JOB=job", "SET=now", "EMPTY="}));
  EXPECT_THAT(started.env, ElementsAre("CHANGED=now", "EMPTY=", "KEPT=image", "SET=now"));
  EXPECT_THAT(started.env_unset, ElementsAre("JOB_REMOVED", "REMOVED"));
}

TEST(Changes, WhatShellsAndSlurmSetDoesNotCount) {
  Started started;
  adopt_changes(
      started, Environment::from({"SLURM_PROCID=0", "PMI_RANK=0", "PWD=/", "SHLVL=1"}),
      Environment::from({"SLURM_PROCID=1", "PWD=/w", "OLDPWD=/", "SHLVL=2", "_=/bin/x", "SLURM_NEW=1"}));
  EXPECT_THAT(started.env, IsEmpty());
  EXPECT_THAT(started.env_unset, IsEmpty());
}

}  // namespace
}  // namespace pyxis
