// A process that reads what others wrote gives up what it does not need for that: with Landlock
// (Documentation/userspace-api/landlock.rst), seccomp(2) and no_new_privs. Each function is called while
// there is one thread, and holds for all threads that come after it.
//
// What cannot be taken away: seccomp sees numbers and no paths, and Landlock does not know all calls. So, of
// all files of the host that the user may reach, such a process can still find out that they exist, their
// attributes and where a link points to. It works with the descriptors that it has.
#pragma once

#include "base/result.h"

namespace pyxis {

// From here on this process can open no file but the devices of FUSE and directories, execute nothing, make
// no connection, no namespace, and no process, and touch no other process. On a kernel without Landlock it
// can open nothing at all.
Result<void> confine_to_serving();
// The same, and directories only at and below `top`, which may be an O_PATH descriptor.
Result<void> confine_to_mount(int top);

// From here on this process can open, make and change files, directories, links and fifos below `directory`,
// and for the rest no more than one that serves. `directory` is its root directory, where the system lets
// users make user namespaces. Where it does not, the time of change of other files of the user's could be
// set; and without Landlock as well, all his files could be opened.
Result<void> confine_to_unpacking(int directory);

}  // namespace pyxis
