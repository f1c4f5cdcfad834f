// With --container-save, a process of ours stays where Slurm expects the task's: only what that process exits
// with can fail the step, and what slurm_spank_task_exit() returns is merely logged (_wait_for_any_task() in
// slurmstepd). The user's command is its child.
#pragma once

#include "spank/engine.h"
#include "spank/slurm_api.h"
#include "spank/step.h"

namespace pyxis::spank {

// Where the container is to be saved: the option's path, relative to the task's working directory.
Result<std::string> save_path(const Step& step);

// Forks. Returns in the child, which goes on to become the command; `started` (the container's engine, may be
// none) stays with the caller's process, and that never returns: it waits for the child, saves the container
// if this was the last task of the node to end, says on stderr why it could not, and ends as the child did,
// or with 1 where the save failed. It has no descriptor but stderr, and ignores signals that can be: Slurm
// sends them to all processes of a step. (Those for a batch script alone are sent to the task's process and
// passed on.) Killed, it takes the child with it once that has called end_with_keeper().
Result<void> leave_keeper(SlurmApi& api, Step& step, Engine& engine, Child started);
// To be called in the child once it is in the container, with no credentials to change any more (prctl(2),
// PR_SET_PDEATHSIG). Where no task of the node gets that far, nothing is saved.
Result<void> end_with_keeper(Step& step);

}  // namespace pyxis::spank
