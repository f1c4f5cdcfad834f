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

TEST(Pmix, TheModulesAreNamedForOpenMpi) {
  FakeSlurm slurm;
  slurm.variables = Environment::from(
      {"PMIX_PTL_MODULE=tcp", "PMIX_SECURITY_MODE=native", "PMIX_GDS_MODULE=hash", "PMIX_MCA_gds=ds21"});
  complete_pmix_environment(slurm);
  EXPECT_EQ(slurm.variables.get("PMIX_MCA_ptl"), "tcp");
  EXPECT_EQ(slurm.variables.get("PMIX_MCA_psec"), "native");
  EXPECT_EQ(slurm.variables.get("PMIX_MCA_gds"), "ds21");
  FakeSlurm plain;
  complete_pmix_environment(plain);
  EXPECT_TRUE(plain.variables.lines().empty());
}

}  // namespace
}  // namespace pyxis::spank
