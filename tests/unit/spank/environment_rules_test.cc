#include "spank/environment_rules.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "fake_slurm.h"

namespace pyxis::spank {
namespace {

TEST(EngineEnvironment, NothingOfTheJobSteersTheEngine) {
  auto env = Environment::from(engine_environment(
      {"ENROOT_DATA_PATH=/x", "PYXIS_CONTAINER_IMAGE=x", "LD_PRELOAD=/x", "LD_LIBRARY_PATH=/x", "LD_AUDIT=/x",
       "PATH=/evil", "BASH_ENV=/x", "ENV=/x", "BASH_FUNC_ls%%=() { x; }", "SHELLOPTS=x", "GCONV_PATH=/x",
       "GLIBC_TUNABLES=x", "LOCPATH=/x", "MALLOC_PERTURB_=1", "HOME=/tmp", "USER=other",
       "https_proxy=http://p", "TMPDIR=/scratch", "SLURM_JOB_ID=7"},
      {"alice", "/home/alice"}));
  for (const char* name :
       {"ENROOT_DATA_PATH", "PYXIS_CONTAINER_IMAGE", "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "BASH_ENV",
        "ENV", "BASH_FUNC_ls%%", "SHELLOPTS", "GCONV_PATH", "GLIBC_TUNABLES", "LOCPATH", "MALLOC_PERTURB_"})
    EXPECT_FALSE(env.has(name)) << name;
  EXPECT_EQ(env.get("PATH"), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  EXPECT_EQ(env.get("HOME"), "/home/alice");
  EXPECT_EQ(env.get("USER"), "alice");
  EXPECT_EQ(env.get("LOGNAME"), "alice");
  EXPECT_EQ(env.get("https_proxy"), "http://p");
  EXPECT_EQ(env.get("TMPDIR"), "/scratch");
  EXPECT_EQ(env.get("SLURM_JOB_ID"), "7");
}

TEST(TaskEnvironment, TheContainerWinsUnlessNamed) {
  FakeSlurm slurm;
  slurm.variables = Environment::from({"BOTH=host", "NAMED=host", "HOST=host", "GONE=host"});
  Started started;
  started.env = {"BOTH=image", "NAMED=image", "IMAGE=image", "ABSENT=image"};
  started.env_unset = {"GONE"};
  apply_container_environment(slurm, started, {"NAMED", "ABSENT"});
  EXPECT_EQ(slurm.variables.lines(), (std::vector<std::string>{"ABSENT=image", "BOTH=image", "HOST=host",
                                                               "IMAGE=image", "NAMED=host"}));
}

TEST(TaskEnvironment, AFilesVariablesWinOverBoth) {
  FakeSlurm slurm;
  slurm.variables = Environment::from({"BOTH=host", "HOST=host", "NAMED=host", "LANG=de_DE", "SLURM_PROCID=1",
                                       "GONE_OF_HOST=x", "GONE_OF_BOTH=x"});
  Started started;
  started.env = {"BOTH=image",     "IMAGE=image",    "GONE_OF_IMAGE=x",
                 "GONE_OF_BOTH=x", "SLURM_PROCID=0", "LANG=C"};
  apply_container_environment(slurm, started, {"NAMED"},
                              {{"BOTH", "file"},
                               {"HOST", "file"},
                               {"IMAGE", "file"},
                               {"NEW", "file"},
                               {"NAMED", "file"},
                               {"LANG", "fr_CH"},
                               {"SLURM_PROCID", "7"},
                               {"GONE_OF_HOST", ""},
                               {"GONE_OF_IMAGE", ""},
                               {"GONE_OF_BOTH", ""}});
  EXPECT_EQ(slurm.variables.lines(),
            (std::vector<std::string>{"BOTH=file", "HOST=file", "IMAGE=file", "LANG=fr_CH", "NAMED=host",
                                      "NEW=file", "SLURM_PROCID=1"}));
}

TEST(TaskEnvironment, TheHostsLocaleStaysOutside) {
  FakeSlurm slurm;
  slurm.variables = Environment::from({"LANG=de_DE", "LANGUAGE=de", "LC_ALL=de_DE", "LC_TIME=de_DE"});
  Started started;
  started.env = {"LANG=C.UTF-8"};
  apply_container_environment(slurm, started, {"LANGUAGE"});
  EXPECT_EQ(slurm.variables.lines(),
            (std::vector<std::string>{"LANG=C.UTF-8", "LANGUAGE=de", "LC_TIME=de_DE"}));
}

TEST(TaskEnvironment, WhatSlurmSetsPerTaskStays) {
  FakeSlurm slurm;
  slurm.variables = Environment::from({"SLURM_PROCID=1", "PMI_RANK=1", "PMIX_RANK=1"});
  Started started;
  started.env = {"SLURM_PROCID=0", "PMI_RANK=0", "PMIX_RANK=0", "PMIX_MCA_x=1"};
  apply_container_environment(slurm, started, {});
  EXPECT_EQ(slurm.variables.lines(),
            (std::vector<std::string>{"PMIX_MCA_x=1", "PMIX_RANK=1", "PMI_RANK=1", "SLURM_PROCID=1"}));
}

TEST(TaskEnvironment, PmixGetsItsModulesByTheNamesOfOpenMpi) {
  FakeSlurm slurm;
  slurm.variables = Environment::from({"PMIX_SECURITY_MODE=native", "PMIX_GDS_MODULE=hash"});
  Started started;
  started.env = {"PMIX_MCA_gds=of the image", "PMIX_SECURITY_MODE=of the image"};
  apply_container_environment(slurm, started, {});
  EXPECT_EQ(slurm.variables.get("PMIX_MCA_psec"), "native");
  EXPECT_EQ(slurm.variables.get("PMIX_MCA_gds"), "of the image");
}

TEST(TaskEnvironment, PytorchGetsTheStepsOwnRendezvous) {
  const Started running = {
      .env = {"PYTORCH_VERSION=2", "RANK=0", "WORLD_SIZE=1", "MASTER_ADDR=stale", "MASTER_PORT=1"}};
  const std::vector<std::string> step = {"SLURM_JOB_ID=7",  "SLURM_PROCID=3",
                                         "SLURM_LOCALID=1", "SLURM_STEP_NODELIST=n[1-2]",
                                         "SLURM_NTASKS=4",  "SLURM_NNODES=2"};
  auto task = [&](std::vector<std::string> exported, const std::vector<std::string>& host_wins) {
    FakeSlurm slurm;
    exported.insert(exported.end(), step.begin(), step.end());
    slurm.variables = Environment::from(exported);
    apply_container_environment(slurm, running, host_wins);
    return slurm.variables;
  };
  auto plain = task({}, {});
  for (const auto& [name, value] : std::map<std::string, std::string>{{"RANK", "3"},
                                                                      {"LOCAL_RANK", "1"},
                                                                      {"WORLD_SIZE", "4"},
                                                                      {"MASTER_ADDR", "n1"},
                                                                      {"MASTER_PORT", "61007"},
                                                                      {"OMP_NUM_THREADS", "1"}})
    EXPECT_EQ(plain.get(name), value) << name;
  auto exported = task({"RANK=9", "LOCAL_RANK=9", "MASTER_ADDR=n1-ib", "OMP_NUM_THREADS=8"}, {"LOCAL_RANK"});
  EXPECT_EQ(exported.get("RANK"), "3");
  EXPECT_EQ(exported.get("LOCAL_RANK"), "9");
  EXPECT_EQ(exported.get("MASTER_ADDR"), "n1-ib");
  EXPECT_EQ(exported.get("OMP_NUM_THREADS"), "8");
}

TEST(TaskEnvironment, WithoutPytorchInTheImageNothingIsAdded) {
  FakeSlurm slurm;
  slurm.variables = Environment::from({"SLURM_JOB_ID=7", "SLURM_PROCID=3", "PYTORCH_VERSION=of the job"});
  apply_container_environment(slurm, {}, {});
  EXPECT_FALSE(slurm.variables.has("RANK"));
  EXPECT_FALSE(slurm.variables.has("MASTER_PORT"));
}

}  // namespace
}  // namespace pyxis::spank
