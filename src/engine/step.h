// The engine's side of a Slurm step: `pyxis step start`, `save`, `finish` and `epilog` (contract/step.h).
#pragma once

#include "base/environment.h"

namespace pyxis {

// Serve one request on contract_socket_fd. Exit status 0 where it was answered with success.
int step_start(const Environment& environment);
int step_save(const Environment& environment);
int step_finish(const Environment& environment);
int step_epilog(const Environment& environment);

}  // namespace pyxis
