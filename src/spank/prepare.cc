#include <sys/socket.h>
#include <unistd.h>

#include "base/environment.h"
#include "base/pipe.h"
#include "spank/allocation_notes.h"
#include "spank/step.h"
#include "spank/tag_for_job.h"

namespace pyxis::spank {
namespace {

Result<uint32_t> demand(SlurmApi& api, Item item, const char* what) {
  if (auto value = api.number(item)) return *value;
  return fail(std::string("Slurm did not tell the ") + what);
}

Result<JobFacts> gather_facts(SlurmApi& api) {
  JobFacts job;
  job.identity.uid = TRY(demand(api, Item::uid, "user id"));
  job.identity.gid = TRY(demand(api, Item::gid, "group id"));
  job.identity.groups = api.supplementary_groups();
  if (job.identity.groups.empty()) job.identity.groups = {job.identity.gid};
  job.job_id = TRY(demand(api, Item::job_id, "job id"));
  job.step_id = TRY(demand(api, Item::step_id, "step id"));
  job.local_tasks = TRY(demand(api, Item::local_tasks, "number of tasks"));
  job.nodes = api.number(Item::nodes).value_or(1);
  job.total_tasks = api.number(Item::total_tasks).value_or(job.local_tasks);
  // Here, not in a task: a forked child of a process with threads must stay out of the name service's locks.
  job.account = account_of(job.identity.uid);
  return job;
}

Result<void> make_ties(Step& step) {
  auto leash = TRY(make_socket_pair());
  step.leash_keep = std::move(leash.ours);
  step.leash_engine = std::move(leash.theirs);
  // Nothing can be queued for slurmstepd then: what users queue there would have to be dropped by it.
  if (::shutdown(step.leash_keep.get(), SHUT_RD) != 0) return sys_error("shutdown");
  step.farewell = TRY(make_pipe());
  return ok();
}

// Everything that may fail; the step exists already and keeps the error.
Result<void> fill_step(SlurmApi& api, const Config& config, Step& step) {
  step.job = TRY(gather_facts(api));
  step.container = engine_name(config.container_scope, step.job.job_id, step.job.step_id, step.options.name);
  step.importer = config.importer;
  step.image_good_for = config.image_good_for;
  step.owner = ::getpid();
  TRY(make_ties(step));
  step.runtime_dir = TRY(make_user_runtime_dir(config.runtime_path, step.job.identity));
  // Without it the user's own store does: slurmd's log says what the node lacks.
  if (auto storage = start_storage(config, step.job.identity); storage.ok())
    step.storage = std::move(*storage);
  return ok();
}

bool never_contained(SlurmApi& api, const Config& config) {
  auto id = api.number(Item::step_id).value_or(0);
  if (id == step_extern) return true;  // Slurm's own placeholder, no program of the user's
  return !config.sbatch_support && (id == step_batch || id == step_interactive);
}

// What counts is what the client decided; one without the plugin (REST, another login node) leaves it to us.
Result<StepOptions> choose(SlurmApi& api, const Config& config, GivenOptions given,
                           std::optional<Error> early) {
  const auto variables = Environment::from(api.environment());
  auto lookup = [&](const std::string& name) { return variables.get(name); };
  if (variables.has(decided_variable)) {
    GivenOptions decided;
    TRY(decided.add_decisions(lookup));
    return decided.resolve(config);
  }
  if (early) return std::move(*early);
  TRY(given.add_defaults(lookup));
  return given.resolve(config);
}

// What a client left for us is not for the job to see, nor for another srun in it. But what an environment
// definition file amounts to, which is read once, stays for the sruns that inherit its name.
void remove_decisions(SlurmApi& api) {
  auto id = api.number(Item::step_id).value_or(0);
  bool for_sruns = id == step_batch || id == step_interactive;
  api.unset_environment(decided_variable);
  api.unset_environment(digest_variable);
  api.unset_environment(notes_variable);
  for (const auto& row : option_rows())
    if (row.id != OptionId::environment || !for_sruns) api.unset_environment(decision_variable(row));
}

}  // namespace

std::unique_ptr<Step> prepare_step(SlurmApi& api, const Config& config, GivenOptions given,
                                   std::optional<Error> early) {
  auto found = Environment::from(api.environment()).get_or(digest_variable, "");
  auto options = choose(api, config, std::move(given), std::move(early));
  remove_decisions(api);
  if (never_contained(api, config) || (options.ok() && !options->contained())) return nullptr;
  auto step = std::make_unique<Step>();
  auto fill = [&]() -> Result<void> {
    step->rendezvous = TRY(Rendezvous::create());
    step->options = TRY(std::move(options));
    step->image_digest = digest_from_client(found, step->options.image);
    return fill_step(api, config, *step);
  };
  if (auto filled = fill(); !filled.ok()) step->deferred = std::move(filled).error();
  return step;
}

}  // namespace pyxis::spank
