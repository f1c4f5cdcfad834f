// The plugin's entry points: what Slurm calls, context by context. Nothing is decided here.
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <map>
#include <memory>
#include <optional>

extern "C" {
#pragma GCC visibility push(default)
#include <slurm/spank.h>
extern const char plugin_name[];
extern const char plugin_type[];
extern const unsigned int plugin_version;
extern const unsigned int spank_plugin_version;
SPANK_PLUGIN(pyxis, 1)
#pragma GCC visibility pop
}

#include "base/environment.h"
#include "spank/allocation_notes.h"
#include "spank/client.h"
#include "spank/environment_reader.h"
#include "spank/epilog.h"
#include "spank/spank_api.h"
#include "spank/step.h"
#include "spank/tag_for_job.h"

namespace pyxis::spank {
namespace {

struct Plugin {
  std::optional<Config> config;
  GivenOptions given;
  std::optional<Error>
      bad_option;  // found in slurmstepd, where Slurm only logs what an option's callback returns
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Step> step;
  std::optional<Fd> allocation_notes;  // in salloc, as long as it lives
  // How often plugstack.conf and what it includes name us: it is one library all the same, each of whose
  // callbacks Slurm calls that often.
  unsigned loads = 0;
  std::map<std::string_view, unsigned> calls;
};

// Never destroyed: Slurm may unload the plugin or exit in ways that leave no time for destructors.
Plugin& plugin() {
  static auto* instance = new Plugin;
  return *instance;
}

class RealVariables : public ProcessVariables {
 public:
  std::optional<std::string> get(const std::string& name) override {
    const char* value = ::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
  }
  void set(const std::string& name, const std::string& value) override {
    ::setenv(name.c_str(), value.c_str(), 1);
  }
  void unset(const std::string& name) override { ::unsetenv(name.c_str()); }
};

// No exception leaves the plugin.
template <class Body>
int guarded(const char* callback, int on_failure, Body&& body) noexcept {
  try {
    return body();
  } catch (const std::exception& problem) {
    ::slurm_error("pyxis: %s: %s", callback, problem.what());
  } catch (...) {
    ::slurm_error("pyxis: %s: unexpected failure", callback);
  }
  return on_failure;
}

// srun calls back for options in its environment first, and does not say so (spank_process_env_options()).
Origin origin_of(const OptionRow& row, const char* argument, int remote) {
  if (remote || plugin().given.has(row.id)) return Origin::command_line;
  const char* inherited = ::getenv(("SLURM_SPANK_" + carrier_variable(row)).c_str());
  return inherited && std::string_view(inherited) == argument ? Origin::inherited : Origin::command_line;
}

int option_given(int value, const char* text, int remote) noexcept {
  return guarded("option", -1, [&] {
    const char* argument = text ? text : "";
    const auto& row = option_row(static_cast<OptionId>(value));
    auto taken = plugin().given.give(row.id, argument, origin_of(row, argument, remote));
    if (taken.ok()) return 0;
    if (!remote) {
      ::slurm_error("pyxis: %s", taken.error().text().c_str());
      return -1;
    }
    if (!plugin().bad_option) plugin().bad_option = std::move(taken).error();
    return 0;
  });
}

// Slurm does not call init() in every context (job scripts), so each callback makes sure of the settings.
bool configure(SlurmApi& api, int count, char** words) {
  if (plugin().config) return true;
  auto config = parse_config({words, words + count});
  if (!config.ok()) {
    report(api, config.error());
    return false;
  }
  plugin().config = std::move(*config);
  plugin().engine = engine_of(*plugin().config);
  return true;
}

int init(SlurmApi& api) {
  auto done = register_options(api, *plugin().config);
  if (done.ok() && api.context() == Context::slurmd) {
    done = make_runtime_path(plugin().config->runtime_path);
    if (auto storage = probe_storage(*plugin().config); !storage.ok()) tell(api, storage.error().text());
  }
  if (done.ok()) return 0;
  report(api, done.error());
  return -1;
}

int init_post_opt(SlurmApi& api) {
  auto& self = plugin();
  bool allocator = api.context() == Context::allocator;
  if (api.context() == Context::remote) {
    self.step = prepare_step(api, *self.config, self.given, std::move(self.bad_option));
    return 0;
  }
  if (api.context() != Context::local && !allocator) return 0;
  RealVariables variables;
  bool salloc = std::string_view(::program_invocation_short_name) == "salloc";
  if (salloc && !self.allocation_notes)
    if (auto notes = make_allocation_notes(variables); notes.ok()) self.allocation_notes = std::move(*notes);
  if (allocator && !salloc) variables.unset(notes_variable);  // of a salloc that sbatch was called in
  if (allocator && !self.config->sbatch_support) return 0;
  // Options of salloc are for the srun inside it, which may well name an image.
  auto read = [&](const std::string& argument) {
    return read_environment(*self.config, argument, Environment::capture().lines());
  };
  return check_client_options(api, *self.config, self.given, variables, !salloc, read);
}

int local_user_init(SlurmApi& api) {
  auto& self = plugin();
  if (api.context() != Context::local) return 0;
  RealVariables variables;
  find_tag_for_job(api, *self.config, variables, Environment::capture().lines());
  return 0;
}

// Whether this call repeats one that has been done, for a further line of plugstack.conf.
bool repeated(std::string_view callback) {
  auto& self = plugin();
  return self.calls[callback]++ % std::max(self.loads, 1u) != 0;
}

using Phase = int (*)(SlurmApi&);

int run(const char* callback, int on_failure, spank_t handle, int count, char** words, Phase phase) noexcept {
  return guarded(callback, on_failure, [&] {
    if (repeated(callback)) return 0;
    auto api = slurm_api(handle, option_given);
    if (!configure(*api, count, words)) return on_failure;
    return phase(*api);
  });
}

bool in_step(SlurmApi& api) {
  return api.context() == Context::remote && plugin().step;
}

}  // namespace
}  // namespace pyxis::spank

using pyxis::spank::SlurmApi;

extern "C" {
#pragma GCC visibility push(default)

int slurm_spank_init(spank_t handle, int count, char* words[]) {
  if (++pyxis::spank::plugin().loads == 2)
    ::slurm_debug(
        "pyxis: spank_pyxis.so is named by more than one line of plugstack.conf and what it includes");
  return pyxis::spank::run("init", -1, handle, count, words, pyxis::spank::init);
}

// In slurmstepd an error here would drain the node: what is wrong there is raised by task_init().
int slurm_spank_init_post_opt(spank_t handle, int count, char* words[]) {
  return pyxis::spank::run("init_post_opt", -1, handle, count, words, pyxis::spank::init_post_opt);
}

int slurm_spank_local_user_init(spank_t handle, int count, char* words[]) {
  return pyxis::spank::run("local_user_init", 0, handle, count, words, pyxis::spank::local_user_init);
}

int slurm_spank_task_init(spank_t handle, int count, char* words[]) {
  return pyxis::spank::run("task_init", -1, handle, count, words, [](SlurmApi& api) {
    auto& self = pyxis::spank::plugin();
    return pyxis::spank::in_step(api) ? start_task(api, *self.step, *self.engine) : 0;
  });
}

int slurm_spank_task_exit(spank_t handle, int count, char* words[]) {
  return pyxis::spank::run("task_exit", 0, handle, count, words, [](SlurmApi& api) {
    auto& self = pyxis::spank::plugin();
    if (pyxis::spank::in_step(api)) task_exited(api, *self.step, *self.engine);
    return 0;
  });
}

int slurm_spank_exit(spank_t handle, int count, char* words[]) {
  return pyxis::spank::run("exit", 0, handle, count, words, [](SlurmApi& api) {
    auto& self = pyxis::spank::plugin();
    if (pyxis::spank::in_step(api)) step_over(api, *self.step, *self.engine);
    self.step.reset();
    return 0;
  });
}

int slurm_spank_job_epilog(spank_t handle, int count, char* words[]) {
  return pyxis::spank::run("job_epilog", 0, handle, count, words, [](SlurmApi& api) {
    auto& self = pyxis::spank::plugin();
    clean_after_job(api, *self.config, *self.engine);
    return 0;
  });
}

#pragma GCC visibility pop
}
