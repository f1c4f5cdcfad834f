// Processes that stay with a running container, away from the task that has started them.
#pragma once

namespace pyxis {

// A session of its own, /dev/null for the standard descriptors (srun waits for everyone who holds the task's
// output), the name, "/" as its directory.
void detach_from_task(const char* name);
// All but those that cannot be, those that tell of a fault, and that of children, which are waited for.
void ignore_signals();

}  // namespace pyxis
