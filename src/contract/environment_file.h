// What an environment definition file (EDF) asks for, merged with its bases and expanded: as the engine tells
// it to srun's plugin (`pyxis step environment`), and as srun passes it on in a variable.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.h"
#include "base/result.h"

namespace pyxis {

struct EnvironmentFile {
  struct Variable {
    std::string name, value;  // empty value: the container is not to have it
    bool operator==(const Variable&) const = default;
  };

  std::string argument;                         // NAME or PATH, as the user gave it
  std::string path;                             // of the file that was read
  std::string image, mounts, workdir, devices;  // as the options take them; empty: it does not say
  std::optional<bool> entrypoint, writable;
  std::vector<Variable> variables;

  bool operator==(const EnvironmentFile&) const = default;

  // One line of text.
  std::string encode() const;
  // Errors: more than `max_bytes`; what encode() does not write.
  static Result<EnvironmentFile> decode(std::string_view text);

  // What one variable may hold that Slurm carries and programs are started with: the kernel takes 128 KiB for
  // "NAME=value" (MAX_ARG_STRLEN in execve(2)), which salloc's shell has to be started with, too.
  static constexpr size_t max_bytes = 64u << 10;
};

// Errors: a name that no variable can have.
Result<void> check_variable_name(std::string_view name);

// Those that count for a task or a container whose job has these variables. What Slurm and its MPI plugins
// set for each task stays as it is, but PMIX_MCA_*, which are the user's to set; and so do the names in
// `job_wins` that the job has.
std::vector<EnvironmentFile::Variable> effective_variables(
    const std::vector<EnvironmentFile::Variable>& variables, const std::vector<std::string>& job_wins,
    const Environment& job);

}  // namespace pyxis
