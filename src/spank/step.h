// A step on this node, from slurm_spank_init_post_opt() to slurm_spank_exit() in slurmstepd.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/pipe.h"
#include "base/process.h"
#include "contract/answer.h"
#include "spank/engine.h"
#include "spank/environment_rules.h"
#include "spank/options.h"
#include "spank/rendezvous.h"
#include "spank/slurm_api.h"
#include "spank/storage.h"

namespace pyxis::spank {

struct JobFacts {
  Identity identity;
  Account account;
  uint32_t job_id = 0, step_id = 0;
  uint32_t nodes = 1, local_tasks = 1, total_tasks = 1;

  bool batch() const { return step_id == step_batch; }
};

// What slurmstepd keeps of a contained step, and its forked tasks inherit. Everything is made before
// user_init(), which newer releases of Slurm run in a cloned child.
struct Step {
  JobFacts job;
  StepOptions options;
  std::string container;  // engine-side name
  std::string runtime_dir;
  std::string importer;  // of plugstack.conf; empty: none
  uint64_t image_good_for = 0;
  std::string image_digest;  // from srun
  pid_t owner = 0;           // slurmstepd
  std::unique_ptr<Rendezvous> rendezvous;
  Fd leash_keep, leash_engine;
  Pipe farewell;  // slurmstepd reads, the supervisor writes
  StorageTies storage;
  // What went wrong before there were tasks. An error of init_post_opt() would drain the node (job_manager()
  // in slurmstepd), and one of user_init() does not reach srun: it is raised in task_init().
  std::optional<Error> deferred;
  unsigned tasks_exited = 0;
  bool finished = false;

  bool temporary() const { return !options.name; }
};

// slurm_spank_init_post_opt(), remote, as root. Nothing where the step is not to be contained. `early` is an
// error found in an option on its way here.
std::unique_ptr<Step> prepare_step(SlurmApi& api, const Config& config, GivenOptions given,
                                   std::optional<Error> early);

// slurm_spank_task_init(), as the user in the forked task: the first task has the container made, all join
// it. 0, or -1 after the failure has been reported; a task must then not run.
int start_task(SlurmApi& api, Step& step, Engine& engine);

// slurm_spank_task_exit(), as root in slurmstepd: with the last task of the node the container is released.
void task_exited(SlurmApi& api, Step& step, Engine& engine);
// slurm_spank_exit(): the same where not every task got so far.
void step_over(SlurmApi& api, Step& step, Engine& engine);

// Of this process.
Result<std::string> working_directory();

// <runtime_path>/<uid>, 0700, the user's. Never follows a link below runtime_path, whose owner must be the
// caller.
Result<std::string> make_user_runtime_dir(const std::string& runtime_path, const Identity& user);
// runtime_path itself, 0755; only the last component is created.
Result<void> make_runtime_path(const std::string& runtime_path);

// From the node's databases (getpwuid_r(3)); empty texts where the user is unknown to them.
Account account_of(uid_t uid);

}  // namespace pyxis::spank
