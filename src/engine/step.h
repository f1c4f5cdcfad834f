// The engine's side of a Slurm step: `pyxis step start`, `save`, `finish` and `epilog` (contract/step.h).
#pragma once

#include <cstdint>
#include <string>

#include "base/environment.h"

namespace pyxis {

// Serve one request on contract_socket_fd. Exit status 0 where it was answered with success.
int step_start(const Environment& environment);
int step_save(const Environment& environment);
int step_finish(const Environment& environment);
int step_epilog(const Environment& environment);

// `pyxis step resolve`, in srun, as the user: prints the digest that a tag means for all nodes of a job, if
// it is a registry's. On a node of the job, as in its batch
// script, what its steps have found out counts. Exit status 1, and nothing
// printed, where there was no answer; 0 and nothing where the image has no tag that could move.
struct ResolveRequest {
  uint64_t job_id = 0;
  std::string runtime_dir;  // as in StartRequest, if this is a node
  std::string image;
};
int step_resolve(const Environment& environment, const ResolveRequest& request);

}  // namespace pyxis
