// One image for all nodes of a job: what a tag means is asked for once, in srun, before there are tasks.
#pragma once

#include <string>
#include <vector>

#include "spank/client.h"
#include "spank/config.h"
#include "spank/slurm_api.h"

namespace pyxis::spank {

// What travels with the step: "DIGEST IMAGE". Where a node finds nothing, or another image, it asks itself.
constexpr const char* digest_variable = "SLURM_PYXIS_IMAGE_DIGEST";

// slurm_spank_local_user_init(), as the user, once the allocation is there. `environment`: srun's own, as
// "NAME=value" lines. Nothing happens for a job of one node, whose engine sees to that. Where the registry
// does not answer from here within seconds, the user is told that each node asks for itself.
void find_tag_for_job(SlurmApi& api, const Config& config, ProcessVariables& variables,
                      const std::vector<std::string>& environment);

// On a node: the digest, if it is of this image; else empty.
std::string digest_from_client(const std::string& variable, const std::string& image);

}  // namespace pyxis::spank
