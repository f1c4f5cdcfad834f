// The storage helper of a step (contract/storage.h): what it is started with, and how it is let go.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/process.h"
#include "base/result.h"
#include "spank/config.h"

namespace pyxis::spank {

// Ends of slurmstepd's: `engine` is for the step's engine, `leash` stays here. Both empty: there is no
// helper.
struct StorageTies {
  Fd engine, leash;
};

// Starts the helper for the user; nothing where plugstack.conf or the caller's lack of rights leave everybody
// with a store of his own. What the helper finds wrong on this node, it says itself; the engine then does
// without.
Result<StorageTies> start_storage(const Config& config, const Identity& user);

// Whether this node can have such a store, where plugstack.conf asks for it: the error is for slurmd's log.
Result<void> probe_storage(const Config& config);

// A job is over: what the limit has too much of goes, by a process that nobody waits for.
void collect_storage(const Config& config);

// Lets the helper go, and waits until it has.
void end_storage(StorageTies& ties);

}  // namespace pyxis::spank
