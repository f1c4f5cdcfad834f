// A process that reads what others wrote gives up what it does not need for that.
#pragma once

#include "base/result.h"

namespace pyxis {

// From here on this process, and what it starts, can open no file but the devices of FUSE, execute nothing,
// make no connection and touch no other process: it works with the descriptors it has (Landlock, where the
// kernel has it, see Documentation/userspace-api/landlock.rst; seccomp(2); no_new_privs). Single-threaded.
Result<void> confine_to_serving();

// The same, but for making files, directories, links and fifos below `directory`, and writing to them.
Result<void> confine_to_unpacking(int directory);

}  // namespace pyxis
