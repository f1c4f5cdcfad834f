// A program that is installed setuid root, started by an ordinary user: nearly all of a process is what its
// caller made it (credentials(7), execve(2)).
#pragma once

#include <sys/resource.h>

#include "base/result.h"
#include "storage/id_mapped.h"

namespace pyxis {

// Whether somebody else than root started this.
bool started_by_user();

// For root by setuid, before anything else: this process is root's altogether, so that the caller can send it
// no signal, and what it had from him is undone: environment, descriptors but the standard ones and `kept`
// after those, signal dispositions, timers, limits, priority, directory. Gives the caller. Error where the
// program lies where others than root can write: what it would start could then be anybody's.
Result<Owner> leave_caller_behind(int kept);

// To that, or as far as root may here: in containers it often lacks CAP_SYS_RESOURCE.
void raise_limit(__rlimit_resource resource, rlim_t value);

}  // namespace pyxis
