// SlurmApi on top of Slurm's own functions (spank.h).
#pragma once

#include <memory>

#include "spank/slurm_api.h"

struct spank_handle;

namespace pyxis::spank {

// Called by Slurm for every option given: in srun, sbatch, salloc (remote = 0) and in slurmstepd (1).
using OptionCallback = int (*)(int value, const char* argument, int remote);

// For the duration of one callback.
std::unique_ptr<SlurmApi> slurm_api(spank_handle* handle, OptionCallback callback);

}  // namespace pyxis::spank
