#include "cdi/slurm_devices.h"

#include <gmock/gmock.h>

namespace pyxis::cdi {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> gpus(const std::vector<std::string>& job,
                              const std::string& kind = "nvidia.com/gpu") {
  return allocated_gpus(kind, Environment::from(job)).names;
}

TEST(AllocatedGpus, NumbersOfTheNodeComeBeforeThoseOfTheControlGroup) {
  EXPECT_THAT(gpus({"SLURM_STEP_GPUS=2,3", "SLURM_JOB_GPUS=0,1,2,3", "CUDA_VISIBLE_DEVICES=0,1"}),
              ElementsAre("2", "3"));
  EXPECT_THAT(gpus({"SLURM_JOB_GPUS=4", "CUDA_VISIBLE_DEVICES=0"}), ElementsAre("4"));
  EXPECT_THAT(gpus({"CUDA_VISIBLE_DEVICES=0,1"}), ElementsAre("0", "1"));
}

TEST(AllocatedGpus, UuidsAndRanges) {
  EXPECT_THAT(gpus({"CUDA_VISIBLE_DEVICES=GPU-8f3a-0, MIG-1-2"}), ElementsAre("GPU-8f3a-0", "MIG-1-2"));
  EXPECT_THAT(gpus({"SLURM_STEP_GPUS=0-2,5"}), ElementsAre("0", "1", "2", "5"));
  EXPECT_THAT(gpus({"SLURM_STEP_GPUS=0-4000000000"}), ElementsAre("0-4000000000"));
  EXPECT_THAT(gpus({"SLURM_STEP_GPUS=1,1"}), ElementsAre("1"));
}

TEST(AllocatedGpus, WhatAJobHasIsNotWhatAStepWithoutGpusHas) {
  EXPECT_THAT(gpus({"SLURM_JOB_GPUS=0,1", "SLURM_GPUS=2"}), IsEmpty());
  EXPECT_THAT(gpus({"SLURM_JOB_GPUS=0,1", "SLURM_GPUS_ON_NODE=2"}), ElementsAre("0", "1"));
}

TEST(AllocatedGpus, ATaskThatIsToldOfItsOwnSaysSo) {
  auto part =
      allocated_gpus("nvidia.com/gpu", Environment::from({"SLURM_STEP_GPUS=1", "SLURM_GPUS_ON_NODE=2"}));
  EXPECT_THAT(part.names, ElementsAre("1"));
  EXPECT_TRUE(part.of_one_task);
  EXPECT_FALSE(
      allocated_gpus("nvidia.com/gpu", Environment::from({"SLURM_STEP_GPUS=0,1", "SLURM_GPUS_ON_NODE=2"}))
          .of_one_task);
  EXPECT_FALSE(allocated_gpus("nvidia.com/gpu", Environment::from({"SLURM_STEP_GPUS=0"})).of_one_task);
}

TEST(AllocatedGpus, NoneIsNone) {
  for (const auto* value : {"", "NoDevFiles", "-1", "none", ","})
    EXPECT_THAT(gpus({std::string("CUDA_VISIBLE_DEVICES=") + value}), IsEmpty()) << value;
  EXPECT_THAT(gpus({}), IsEmpty());
}

TEST(AllocatedGpus, AmdsHaveVariablesOfTheirOwn) {
  EXPECT_THAT(gpus({"ROCR_VISIBLE_DEVICES=1", "GPU_DEVICE_ORDINAL=0"}, "amd.com/gpu"), ElementsAre("1"));
  EXPECT_THAT(gpus({"GPU_DEVICE_ORDINAL=0"}, "amd.com/gpu"), ElementsAre("0"));
  EXPECT_THAT(gpus({"SLURM_STEP_GPUS=3", "ROCR_VISIBLE_DEVICES=0"}, "amd.com/gpu"), ElementsAre("3"));
  EXPECT_THAT(gpus({"ROCR_VISIBLE_DEVICES=1"}), IsEmpty());
  EXPECT_THAT(gpus({"CUDA_VISIBLE_DEVICES=1"}, "amd.com/gpu"), IsEmpty());
}

}  // namespace
}  // namespace pyxis::cdi
