// The site's TaskProlog (slurm.conf(5)), run where it belongs: on the node, before the task enters its
// container. Slurm itself runs it after task_init(), which would be inside, where neither it nor its
// interpreter need be.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "spank/slurm_api.h"

namespace pyxis::spank {

// What a TaskProlog asks for on its output.
struct PrologWishes {
  // "export NAME=value" and, without a value, "unset NAME", in their order.
  std::vector<std::pair<std::string, std::optional<std::string>>> variables;
  std::string printed;  // the lines of "print TEXT", for the task's output

  bool operator==(const PrologWishes&) const = default;
};

// Lines of other forms are ignored, as by Slurm.
PrologWishes parse_prolog_output(std::string_view output);

// Runs the prolog, if the site has one, with the environment of the task, and sees to it that Slurm does not.
// What it prints for the task is on the task's output then, and the variables are set. Error where it fails.
Result<PrologWishes> run_task_prolog(SlurmApi& api);
// They count more than those of the container, into which the task has gone meanwhile.
void apply_prolog_variables(SlurmApi& api, const PrologWishes& wishes);

}  // namespace pyxis::spank
