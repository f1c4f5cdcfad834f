// slurm_spank_job_epilog(): what a job has left on the node.
#pragma once

#include "spank/engine.h"
#include "spank/slurm_api.h"

namespace pyxis::spank {

// Removes, as the job's user, all containers of the job under job scope, and its leftover unnamed ones
// otherwise. Does nothing for users who have had no container since the node started. Never fails: an error
// would drain the node.
void clean_after_job(SlurmApi& api, const Config& config, Engine& engine);

}  // namespace pyxis::spank
