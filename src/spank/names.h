// --container-name, and what containers are called on the engine's side.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "contract/step.h"
#include "spank/config.h"

namespace pyxis::spank {

struct ContainerName {
  std::string name;
  NameMode mode = NameMode::any;
  bool operator==(const ContainerName&) const = default;
};

// NAME[:FLAG]. The name must be non-empty, without '/', and leave room for the prefixes in a file name
// (NAME_MAX).
Result<ContainerName> parse_name(const std::string& text);

// "pyxis_NAME"; under job scope "pyxis_JOBID_NAME". Without a name it is "JOBID.STEPID" (the number, also of
// batch steps).
std::string engine_name(Scope scope, uint32_t job_id, uint32_t step_id,
                        const std::optional<ContainerName>& name);

// What all names begin with that the end of a job removes: under job scope all of the job's containers, under
// global scope its unnamed ones (of names that begin so, temporary containers only).
std::string job_prefix(Scope scope, uint32_t job_id);

}  // namespace pyxis::spank
