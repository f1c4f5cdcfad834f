// What shells complete on the command line of `pyxis`, and in srun, sbatch and salloc of its options.
#pragma once

#include <string>
#include <vector>

#include "manual/description.h"

namespace pyxis::manual {

std::string bash_completion(const DescribedCommand& program, const std::vector<DescribedCommand>& commands);
std::string zsh_completion(const DescribedCommand& program, const std::vector<DescribedCommand>& commands);

}  // namespace pyxis::manual
