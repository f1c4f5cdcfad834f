// The driver's side of a Slurm step: what `pyxis step start`, `save`, `finish` and `epilog` are for our own
// engine (contract/step.h), done by an external enroot.
#pragma once

#include <string>

#include "base/environment.h"

namespace pyxis::enroot {

// Keys of plugstack.conf.
struct Options {
  std::string path;              // enroot; empty: found in PATH
  bool load = false;             // `enroot load` instead of import and create
  bool start_from_file = false;  // temporary containers straight from their image file
};

// Serve one request on contract_socket_fd. Exit status 0 where it was answered with success.
int step_start(const Options& options, const Environment& environment);
int step_save(const Options& options, const Environment& environment);
int step_finish(const Options& options, const Environment& environment);
int step_epilog(const Options& options, const Environment& environment);

}  // namespace pyxis::enroot
