// Variables of a Slurm step that containers need: those of MPI and of PyTorch. Pure data, for plugin and
// engine alike.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/environment.h"

namespace pyxis {

// Slurm and its MPI plugins set these for each task: what a container has under such a name is another
// task's.
bool set_per_task(std::string_view name);

struct StepVariable {
  std::string name, value;
  bool yields;  // to a value that the job has exported
};

// What OpenMPI's PMIx client needs besides the PMIX_* variables of the task: PMIX_MCA_ptl, _psec and _gds.
// Those that are set already stay.
std::vector<StepVariable> pmix_variables(const Environment& task);

// The rendezvous of PyTorch's processes, from the SLURM_* variables of a task (plugin spec, "Environment",
// 6): RANK, LOCAL_RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT, OMP_NUM_THREADS. For containers whose image
// sets PYTORCH_VERSION. None where these are no variables of a step.
std::vector<StepVariable> pytorch_variables(const Environment& task);

// The first name that a list of Slurm's stands for: "gpu[03-07,9]n[1-2],login" gives "gpu03n1".
std::string first_host(std::string_view hosts);

}  // namespace pyxis
