// What a step's containers get of MPI's and PyTorch's variables.
#include "contract/step_variables.h"

#include <gmock/gmock.h>

#include <map>

namespace pyxis {
namespace {

using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::map<std::string, std::string> values(const std::vector<StepVariable>& variables) {
  std::map<std::string, std::string> out;
  for (const auto& variable : variables) out[variable.name] = variable.value;
  return out;
}

TEST(FirstHost, IsTheFirstOfTheFirstRange) {
  EXPECT_EQ(first_host("node1"), "node1");
  EXPECT_EQ(first_host("node2,node1"), "node2");
  EXPECT_EQ(first_host("node[1-2]"), "node1");
  EXPECT_EQ(first_host("node[03,5-7],login"), "node03");
  EXPECT_EQ(first_host("rack[1-2]n[08-11].example.org,x"), "rack1n08.example.org");
  EXPECT_EQ(first_host("a-b[1-2]"), "a-b1");
  EXPECT_EQ(first_host(""), "");
}

TEST(PerTask, WhatSlurmAndItsMpiPluginsSet) {
  for (const char* name : {"SLURM_PROCID", "SLURMD_NODENAME", "PMI_FD", "PMI_RANK", "PMIX_RANK",
                           "PMIX_SERVER_URI2", "PMIX_GDS_MODULE", "PMIX_MCA_gds"})
    EXPECT_TRUE(set_per_task(name)) << name;
  for (const char* name : {"PATH", "OMPI_MCA_btl", "PMIXX", "RANK"}) EXPECT_FALSE(set_per_task(name)) << name;
}

TEST(Pmix, TheModulesAreNamedForOpenMpi) {
  auto task = Environment::from(
      {"PMIX_PTL_MODULE=tcp", "PMIX_SECURITY_MODE=native", "PMIX_GDS_MODULE=hash", "PMIX_MCA_gds=ds21"});
  EXPECT_THAT(values(pmix_variables(task)),
              UnorderedElementsAre(Pair("PMIX_MCA_ptl", "tcp"), Pair("PMIX_MCA_psec", "native")));
  EXPECT_THAT(pmix_variables({}), IsEmpty());
}

TEST(Pytorch, TheStepIsDescribed) {
  auto task = Environment::from({"SLURM_JOB_ID=9073", "SLURM_PROCID=5", "SLURM_LOCALID=1", "SLURM_NTASKS=8",
                                 "SLURM_STEP_NUM_NODES=4", "SLURM_STEP_NODELIST=gpu[2-5]",
                                 "SLURM_JOB_NODELIST=gpu[1-5]", "SLURM_NNODES=5"});
  EXPECT_THAT(values(pytorch_variables(task)),
              UnorderedElementsAre(Pair("RANK", "5"), Pair("LOCAL_RANK", "1"), Pair("WORLD_SIZE", "8"),
                                   Pair("MASTER_ADDR", "gpu2"), Pair("MASTER_PORT", "61001"),
                                   Pair("OMP_NUM_THREADS", "1")));
}

TEST(Pytorch, OneTaskPerNodeKeepsItsThreads) {
  auto task = Environment::from({"SLURM_JOB_ID=4535", "SLURM_PROCID=0", "SLURM_LOCALID=0", "SLURM_NTASKS=2",
                                 "SLURM_NNODES=2", "SLURM_JOB_NODELIST=a,b"});
  EXPECT_THAT(values(pytorch_variables(task)),
              UnorderedElementsAre(Pair("RANK", "0"), Pair("LOCAL_RANK", "0"), Pair("WORLD_SIZE", "2"),
                                   Pair("MASTER_ADDR", "a"), Pair("MASTER_PORT", "65535")));
}

TEST(Pytorch, OutsideOfSlurmThereIsNothing) {
  EXPECT_THAT(pytorch_variables(Environment::from({"SLURM_PROCID=0", "RANK=0"})), IsEmpty());
}

}  // namespace
}  // namespace pyxis
