#include <unistd.h>

#include <algorithm>
#include <climits>

#include "base/environment.h"
#include "nsjoin/namespaces.h"
#include "nsjoin/seccomp.h"
#include "spank/keeper.h"
#include "spank/mounts.h"
#include "spank/step.h"
#include "spank/task_prolog.h"

namespace pyxis::spank {
namespace {

// Reported by one task of the node; the others fail in silence.
void report_once(SlurmApi& api, Step& step, const Error& error) {
  if (!step.rendezvous || step.rendezvous->claim_report()) report(api, error);
}

// What a step needs to see besides what its user asked for.
void add_own_mounts(const Step& step, const Environment& env, const std::vector<std::string>& command,
                    std::vector<MountRequest>& mounts) {
  // Slurm starts the batch script by the path of its spooled copy, which the image does not have.
  if (step.job.batch() && !command.empty() && command[0].starts_with('/'))
    mounts.push_back(bind_in_place(command[0], "ro"));
  // Set by Slurm's PMIx plugin only where the step uses it: the rendezvous of its client library.
  if (auto pmix = env.get("PMIX_SERVER_TMPDIR"); pmix && pmix->starts_with('/'))
    mounts.push_back(bind_in_place(*pmix, ""));
}

// The engine works in a directory of its own.
std::string with_absolute_path(const std::string& image, const std::string& directory) {
  if (image.starts_with('.')) return directory + "/" + image;
  for (const std::string scheme : {"oci:", "oci-archive:", "docker-archive:"})
    if (image.starts_with(scheme) && !image.substr(scheme.size()).starts_with('/'))
      return scheme + directory + "/" + image.substr(scheme.size());
  return image;
}

// The container gets what an environment definition file sets as if the job had it and --container-env named
// it; what it unsets the image's variables lose, too.
void add_file_variables(const StepOptions& options, StartRequest& request) {
  auto job = Environment::from(request.job_env);
  for (const auto& [name, value] : effective_variables(options.variables, options.env_names, job)) {
    if (value.empty()) {
      job.unset(name);
      request.env_unset.push_back(name);
    } else {
      job.set(name, value);
      request.env_names.push_back(name);
    }
  }
  request.job_env = job.lines();
}

Result<StartRequest> make_request(SlurmApi& api, const Step& step) {
  const auto& options = step.options;
  StartRequest request;
  request.container = step.container;
  request.temporary = step.temporary();
  if (options.name) request.mode = options.name->mode;
  auto directory = TRY(working_directory());
  request.image = with_absolute_path(options.image, directory);
  request.importer = step.importer;
  request.image_good_for = step.image_good_for;
  request.image_digest = step.image_digest;
  request.mounts = options.mounts;
  resolve_sources(request.mounts, directory);
  request.workdir = options.workdir;
  request.save_path = TRY(save_path(step));
  request.mount_home = options.mount_home;
  request.remap_root = options.remap_root;
  request.writable = options.writable;
  request.entrypoint = options.entrypoint;
  request.entrypoint_log = options.entrypoint_log;
  request.env_names = options.env_names;
  request.unshare = options.unshare;
  request.devices = options.devices;
  request.devices_by_default = options.devices_by_default;
  request.job_env = api.environment();
  if (!options.variables.empty()) add_file_variables(options, request);
  request.command = api.command();
  add_own_mounts(step, Environment::from(request.job_env), request.command, request.mounts);
  request.runtime_dir = step.runtime_dir;
  request.job_id = step.job.job_id;
  request.step_id = step.job.step_id;
  request.owner_pid = step.owner;
  return request;
}

// Progress is for one reader: with many tasks it would be noise.
void print_event(SlurmApi& api, const Step& step, const Event& event) {
  bool alone = step.job.total_tasks == 1 || step.job.batch();
  switch (event.kind) {
    case Event::Kind::importing:
      if (alone) tell(api, "importing docker image: " + event.text);
      break;
    case Event::Kind::imported:
      if (alone) tell(api, "imported docker image: " + event.text);
      break;
    case Event::Kind::progress:
      if (alone) tell(api, event.text);
      break;
    case Event::Kind::log:
      tell(api, event.text);
      break;
    default:
      break;
  }
}

Result<Container> start_container(SlurmApi& api, Step& step, Engine& engine) {
  auto request = TRY(make_request(api, step));
  EngineProcess process{engine_environment(api.environment(), step.job.account), std::nullopt};
  return engine.start(request, process,
                      {step.leash_engine.get(), step.farewell.writer.get(), step.storage.engine.get()},
                      [&](const Event& event) { print_event(api, step, event); });
}

// The first task; it holds the lock until it has published how it went, and until then nobody else can
// report.
Result<Container> lead(SlurmApi& api, Step& step, Engine& engine) {
  auto container = start_container(api, step, engine);
  if (!container.ok()) {
    report_once(api, step, container.error());
    step.rendezvous->publish_failed(container.error().code == engine_died);
    return container;
  }
  const auto& started = container->started;
  step.rendezvous->publish_started(started.attached, started.control_socket);
  if (started.attached && !step.options.mounts.empty())
    tell(api, "ignoring --container-mounts when attaching to a running container");
  if (started.attached && !step.options.devices.empty() && !step.options.devices_by_default)
    tell(api, "ignoring --container-device when attaching to a running container");
  return container;
}

// The order matters: the working directory is the container's, the filter is installed with the capabilities
// that the user namespace has given, and these go last.
Result<void> enter(SlurmApi& api, const Step& step, Container container) {
  TRY(join_namespaces(container.started.namespaces, container.namespaces));
  container.namespaces.clear();
  TRY(enter_directory(container.started.workdir));
  // Root without a user namespace (ENROOT_ALLOW_SUPERUSER) changes owners himself.
  if (std::ranges::count(container.started.namespaces, Namespace::user) > 0) TRY(install_ownership_filter());
  TRY(drop_capabilities_unless_root());
  apply_container_environment(api, container.started, step.options.env_names, step.options.variables);
  return ok();
}

}  // namespace

Result<std::string> working_directory() {
  std::string buffer(PATH_MAX, '\0');
  if (!::getcwd(buffer.data(), buffer.size())) return sys_error("find the job's working directory");
  buffer.resize(buffer.find('\0'));
  return buffer;
}

int start_task(SlurmApi& api, Step& step, Engine& engine) {
  step.leash_keep.reset();  // slurmstepd's alone: a task that outlives it must not hold the leash
  step.storage.leash.reset();
  auto run = [&]() -> Result<void> {
    if (step.deferred) return *step.deferred;
    auto wishes = TRY(run_task_prolog(api));
    auto state = step.rendezvous->enter();
    if (state == StepState::failed || state == StepState::interrupted)
      return fail("couldn't start container\nthe task of the step that was starting it has ended");
    auto container = TRY(state == StepState::untouched ? lead(api, step, engine)
                                                       : engine.join(step.rendezvous->control_socket()));
    step.leash_engine.reset();
    step.farewell.writer.reset();
    step.storage.engine.reset();
    auto child = std::move(container.engine);
    bool saving = !step.options.save.empty();
    if (saving) TRY(leave_keeper(api, step, engine, std::move(child)));
    auto entered = enter(api, step, std::move(container));
    if (saving && entered.ok()) entered = end_with_keeper(step);
    engine.reap(std::move(child));
    apply_prolog_variables(api, wishes);
    return entered;
  };
  auto done = run();
  if (done.ok()) return 0;
  report_once(api, step, done.error());
  return -1;
}

}  // namespace pyxis::spank
