// Which stores a job has used on this node. Its epilog knows nothing of the job's environment, which may have
// moved them (XDG_DATA_HOME, or settings with variables of Slurm's in them).
//
//   <runtime>/stores/<job>-<sha256 of the path>   the path
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/settings.h"

namespace pyxis {

Result<void> note_store(const Settings& settings, uint64_t job);
// The paths (ENROOT_DATA_PATH) that were noted for `job`.
Result<std::vector<std::string>> noted_stores(const std::string& runtime_path, uint64_t job);
void forget_stores(const std::string& runtime_path, uint64_t job);

}  // namespace pyxis
