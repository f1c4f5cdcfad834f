// The process that stays with a step's container: it keeps the leader and the namespaces, gives them to tasks
// and steps that join, and clears up when the step is over. As engine/supervisor.h, for an external enroot.
#pragma once

#include <string>
#include <vector>

#include "engine/external_importer.h"
#include "enroot/joined.h"
#include "enroot/notes.h"
#include "enroot/tool.h"

namespace pyxis::enroot {

struct Supervised {
  StartRequest request;
  Joined joined;              // `started` is what joiners are told
  Fd output;                  // of `enroot start`; may be none
  Fd use;                     // from Notes::use(); none for a container that steps have nothing to do with
  Fd leash;                   // end-of-file: the step is over
  std::vector<int> not_kept;  // descriptors of the caller's that must not live on in the supervisor
  Fd farewell;                // where it says that it has cleared up (contract/answer.h)
};

// Forks it; the caller must have no other threads. `listener` is closed here and lives on there.
Result<void> start_supervisor(const Tool& tool, Supervised supervised, const RunningDirectory& directory,
                              RunningDirectory::Listener listener);

}  // namespace pyxis::enroot
