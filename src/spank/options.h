// The options of srun, sbatch and salloc: one table, and what a user gave of it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/environment_file.h"
#include "contract/step.h"
#include "spank/config.h"
#include "spank/names.h"

namespace pyxis::spank {

enum class OptionId : int {
  image,
  mounts,
  workdir,
  name,
  save,
  mount_home,
  no_mount_home,
  remap_root,
  no_remap_root,
  entrypoint,
  no_entrypoint,
  entrypoint_log,
  writable,
  readonly,
  env,
  unshare,
  device,
  environment
};

struct OptionRow {
  OptionId id;
  const char* name;      // without the leading "--"
  const char* argument;  // its placeholder in --help; null: the option takes none
  const char* help;
  const char* environment;  // the variable that holds its default; null: the opposite's
  OptionId opposite;        // cannot be given together; its own id: none
};

// In the order of --help; row i has id i.
std::span<const OptionRow> option_rows();
const OptionRow& option_row(OptionId id);

// The variable in which Slurm notes an option given to salloc or sbatch (_opt_env_name() in its plugstack.c),
// for what they start. Since 20.11 srun, sbatch and salloc also take options from it with SLURM_SPANK_ put
// before.
std::string carrier_variable(const OptionRow& row);

// Our own way from srun and sbatch to slurmstepd: the outcome for each option, and a marker that there is an
// outcome. Variables that begin with SLURM pass also with --export=NONE, which Slurm's carriers do not. Of
// --environment there is what the file amounts to (contract/environment_file.h), which is read once.
std::string decision_variable(const OptionRow& row);
constexpr const char* decided_variable = "SLURM_PYXIS_DECIDED";

// What is asked for, checked and typed.
struct StepOptions {
  std::string image;
  std::vector<MountRequest> mounts;
  std::string workdir;
  std::optional<ContainerName> name;
  std::string save;
  std::optional<bool> mount_home, remap_root, entrypoint, writable;
  bool entrypoint_log = false;
  std::vector<std::string> env_names, unshare, devices;
  bool devices_by_default = false;
  std::vector<EnvironmentFile::Variable> variables;  // of an environment definition file

  bool contained() const { return !image.empty() || name.has_value(); }
};

// Where an option is from; the earlier one here wins over the later. What is inherited is of an enclosing
// salloc or sbatch. What an environment definition file says comes behind the options beside which that was
// chosen, and is worth more than PYXIS_* variables.
enum class Origin { command_line, file, inherited, inherited_file, variable };

class GivenOptions {
 public:
  using Lookup = std::function<std::optional<std::string>(const std::string& variable)>;

  // Errors: a second, different value; an empty or malformed value; an option and its opposite.
  Result<void> give(OptionId id, std::string_view argument, Origin origin = Origin::command_line);
  // Takes from Slurm's carrier variables what has neither been given nor contradicted.
  Result<void> add_inherited(const Lookup& variables);
  // The same with the PYXIS_* variables; a variable that is empty counts as unset.
  Result<void> add_defaults(const Lookup& variables);
  // Takes what the file says that --environment has named.
  Result<void> add_file(EnvironmentFile file);
  // Takes what a client has decided.
  Result<void> add_decisions(const Lookup& variables);

  bool has(OptionId id) const { return values_.count(id) != 0; }
  const std::string& argument(OptionId id) const { return values_.at(id).text; }
  Origin origin(OptionId id) const { return values_.at(id).origin; }
  const std::optional<EnvironmentFile>& file() const { return file_; }

  // Errors: what this release does not have.
  Result<StepOptions> resolve(const Config& config) const;
  // The lines to print where there is neither an image nor a name; inherited options go in silence.
  std::vector<std::string> ignored() const;

 private:
  struct Value {
    std::string text;
    Origin origin;
  };
  bool settled(const OptionRow& row) const { return has(row.id) || has(row.opposite); }

  std::map<OptionId, Value> values_;
  std::optional<EnvironmentFile> file_;
};

}  // namespace pyxis::spank
