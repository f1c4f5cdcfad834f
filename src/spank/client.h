// srun, sbatch and salloc: registering the options and checking them before anything is submitted.
#pragma once

#include "spank/options.h"
#include "spank/slurm_api.h"

namespace pyxis::spank {

// slurm_spank_init() in every context that takes options: srun and slurmstepd always, sbatch and salloc where
// sbatch_support says so.
Result<void> register_options(SlurmApi& api, const Config& config);

// The process's own environment, as far as it is changed for Slurm to carry on.
class ProcessVariables {
 public:
  virtual ~ProcessVariables() = default;
  virtual std::optional<std::string> get(const std::string& name) = 0;
  virtual void set(const std::string& name, const std::string& value) = 0;
  virtual void unset(const std::string& name) = 0;
};

// Has the engine read what --environment names (spank/environment_reader.h).
using EnvironmentReader = std::function<Result<EnvironmentFile>(const std::string& argument)>;

// slurm_spank_init_post_opt() in srun, sbatch, salloc. Adds to the command line what an enclosing salloc was
// given, the PYXIS_* defaults and what an environment definition file says, checks the whole, and leaves the
// outcome in the environment that travels with the job. A file that an enclosing salloc or sbatch has read is
// not read again. 0, or -1 after the error has been reported. Slurm calls it once for each component of a
// heterogeneous job.
int check_client_options(SlurmApi& api, const Config& config, GivenOptions given, ProcessVariables& variables,
                         bool say_ignored, const EnvironmentReader& read_environment);

}  // namespace pyxis::spank
