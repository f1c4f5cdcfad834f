// A step's container, from whatever state it is in: joined if it runs, started again if enroot has it, made
// from an image if it does not.
#pragma once

#include "engine/reporter.h"
#include "enroot/joined.h"
#include "enroot/step.h"
#include "enroot/tool.h"

namespace pyxis::enroot {

// What the step's supervisor needs besides the request.
struct Ends {
  Fd leash, farewell;
};

// Returns with the container running under a supervisor of its own. `phase` tells how far it got. A failure
// leaves nothing behind; ECANCELED: a signal asked this process to end. Single-threaded.
Result<Joined> start_container(const StartRequest& request, const Options& options,
                               const Environment& environment, Ends ends, Reporter& reporter, Phase& phase);

}  // namespace pyxis::enroot
