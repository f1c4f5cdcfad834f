// Which variables go where: to the engine, and into a task's environment once it is in the container.
#pragma once

#include <string>
#include <vector>

#include "contract/environment_file.h"
#include "contract/step.h"
#include "spank/slurm_api.h"

namespace pyxis::spank {

// A user of the node, from its databases.
struct Account {
  std::string name, home;
};

// What the engine runs with: the job's environment without what would steer the engine or its interpreter and
// linker (ENROOT_*, PYXIS_*, LD_*, PATH, BASH_ENV and the like), a fixed PATH, and HOME, USER, LOGNAME of the
// account.
std::vector<std::string> engine_environment(const std::vector<std::string>& job, const Account& account);

// Turns the environment of a task, which has joined the container, into the one its command gets: LANG,
// LANGUAGE and LC_ALL go, the container's values win, except for the names in `host_wins` and for what Slurm
// and PMI set per task. Then what PMIx, and the container of an image with PyTorch, need besides
// (contract/step_variables.h). Above all of that are `variables`, of an environment definition file.
void apply_container_environment(SlurmApi& api, const Started& started,
                                 const std::vector<std::string>& host_wins,
                                 const std::vector<EnvironmentFile::Variable>& variables = {});

}  // namespace pyxis::spank
