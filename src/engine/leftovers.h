// Processes that outlive their step.
#pragma once

namespace pyxis {

// Kills every process of this user whose mount namespace is the one `mount_namespace` refers to, and waits
// for them to be gone (at most some seconds: a process in uninterruptible sleep is left to the kernel).
void kill_processes_in(int mount_namespace);

}  // namespace pyxis
