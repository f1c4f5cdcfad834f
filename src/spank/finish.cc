#include <unistd.h>

#include "spank/step.h"

namespace pyxis::spank {
namespace {

void finish(SlurmApi& api, Step& step, Engine& engine) {
  if (step.finished) return;
  step.finished = true;
  // An interrupted start is finished too: the engine may have been killed before it could clean up. A
  // container of another step, which this one only joined, is that step's; the supervisor it has there is
  // ours.
  auto state = step.rendezvous ? step.rendezvous->state() : StepState::untouched;
  // Nobody but the supervisor has the other ends then: it clears up now, and where it has died, that shows.
  step.leash_keep.reset();
  step.leash_engine.reset();
  step.farewell.writer.reset();
  if (state != StepState::untouched && state != StepState::failed) {
    FinishRequest request;
    request.container = step.container;
    request.control_socket = step.rendezvous->control_socket();
    request.temporary = step.temporary() && state != StepState::attached;
    request.runtime_dir = step.runtime_dir;
    request.importer = step.importer;
    EngineProcess process{engine_environment(api.environment(), step.job.account), std::nullopt};
    if (::geteuid() == 0) process.identity = step.job.identity;  // a slurmd of one user is that user already
    auto done = engine.finish(request, process, step.farewell.reader.get());
    // Slurm kills all that it finds of a step that is cancelled.
    if (!done.ok() && done.error().code != ECANCELED) report(api, done.error());
  }
  end_storage(step.storage);
}

}  // namespace

void task_exited(SlurmApi& api, Step& step, Engine& engine) {
  if (++step.tasks_exited >= step.job.local_tasks) finish(api, step, engine);
}

void step_over(SlurmApi& api, Step& step, Engine& engine) {
  finish(api, step, engine);
}

}  // namespace pyxis::spank
