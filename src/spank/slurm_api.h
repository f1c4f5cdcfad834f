// What the plugin asks of Slurm, behind an interface, so that the phases run in tests against a fake.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "spank/options.h"

namespace pyxis::spank {

// spank_context(3): who has loaded the plugin.
enum class Context { unknown, local, remote, allocator, slurmd, job_script };

// The numbers spank_get_item() knows, as far as we need them.
enum class Item { uid, gid, job_id, step_id, nodes, local_tasks, total_tasks, local_task };

// Step ids with a meaning of their own (slurm.h).
constexpr uint32_t step_extern = 0xfffffffc;
constexpr uint32_t step_batch = 0xfffffffb;
constexpr uint32_t step_interactive = 0xfffffffa;

class SlurmApi {
 public:
  virtual ~SlurmApi() = default;

  virtual Context context() = 0;
  // Valid in slurm_spank_init() only.
  virtual Result<void> register_option(const OptionRow& row) = 0;
  // Nothing where the context does not have it.
  virtual std::optional<uint32_t> number(Item item) = 0;
  virtual std::vector<gid_t> supplementary_groups() = 0;
  // The command and the environment ("NAME=value") of the job, or in task_init() of the task.
  virtual std::vector<std::string> command() = 0;
  virtual std::vector<std::string> environment() = 0;
  virtual void set_environment(const std::string& name, const std::string& value) = 0;
  virtual void unset_environment(const std::string& name) = 0;
  // In task_init(): the path of the site's TaskProlog, which Slurm does not run in this task any more. Empty
  // where there is none, or this release of Slurm does not let itself be asked.
  virtual std::string take_task_prolog() = 0;

  // A line for the user, as it is (slurm_spank_log()).
  virtual void say(const std::string& line) = 0;
  // A line for the user, marked as an error (slurm_error()).
  virtual void error(const std::string& line) = 0;
};

// Every line of the error's text as "pyxis: LINE", control characters made visible.
void report(SlurmApi& api, const Error& error);
// "pyxis: LINE" through say().
void tell(SlurmApi& api, const std::string& line);

}  // namespace pyxis::spank
