// Reading environment definition files, in srun, sbatch and salloc, as the user: the engine does that.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "contract/environment_file.h"
#include "spank/config.h"

namespace pyxis::spank {

// What `--environment=ARGUMENT` stands for. `environment`: the client's own, as "NAME=value" lines, which the
// file's texts may name. Errors: a line for each thing that is wrong with the file; that there is no engine
// here.
Result<EnvironmentFile> read_environment(const Config& config, const std::string& argument,
                                         const std::vector<std::string>& environment);

}  // namespace pyxis::spank
