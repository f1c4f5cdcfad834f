// Which devices Slurm has allocated, by the variables of a job.
#pragma once

#include <string>
#include <vector>

#include "base/environment.h"

namespace pyxis::cdi {

struct AllocatedGpus {
  // By the names that they have in their vendor's specifications: numbers or UUIDs.
  std::vector<std::string> names;
  // The step has more on this node: each task is told of its own (--gpus-per-task, --gpu-bind).
  bool of_one_task = false;
};

// The GPUs that a step, or a batch script, has on this node. None where none are allocated.
//
// SLURM_STEP_GPUS and then SLURM_JOB_GPUS come first, for they have the node's own numbers. Those of
// CUDA_VISIBLE_DEVICES and its kin count from 0 in every job where its control group hides other GPUs
// (ConstrainDevices): they are right only without that. SLURM_JOB_GPUS is passed on to steps that have no GPU
// (srun --gres=none), to which Slurm leaves none of the others.
AllocatedGpus allocated_gpus(const std::string& kind, const Environment& job);

}  // namespace pyxis::cdi
