// Starting a container, from whatever state it is in: joined if it runs, started again if it exists, made
// from an image (imported first where it is missing) if it does not. Used by steps and by the command line.
#pragma once

#include <vector>

#include "base/result.h"
#include "contract/step.h"
#include "engine/container_hooks.h"
#include "engine/reporter.h"
#include "engine/running.h"
#include "engine/settings.h"
#include "sandbox/fstab.h"

namespace pyxis {

struct StartOptions {
  StartRequest request;
  std::vector<MountEntry> mounts;  // before those of the request
  bool default_writable = true;    // where neither request nor settings say
  bool in_memory = false;          // a container of an image file keeps its changes in memory
  std::vector<Namespace> unshare;  // beside those of request and settings; only here pid counts
  GivenForStart given;
  Fd farewell;                // the supervisor's, see there
  std::vector<int> not_kept;  // descriptors that the supervisor closes, as the leash's other end
};

// Returns with the container running under a supervisor of its own, which ends when the last copy of the
// leash's other end is closed. `phase` tells how far it got. A failure leaves nothing behind.
// Single-threaded.
Result<JoinedContainer> start_container(StartOptions options, const Settings& settings, Fd leash,
                                        Reporter& reporter, Phase& phase);

}  // namespace pyxis
