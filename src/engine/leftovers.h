// Processes that outlive their step.
#pragma once

#include <functional>

namespace pyxis {

// Kills every process of this user whose mount namespace is the one `mount_namespace` refers to, and waits
// for them to be gone (about a minute at most: a process in uninterruptible sleep is left to the kernel).
// `stuck` is called while some do not end, again and again: they may wait for somebody who can be made to go.
void kill_processes_in(int mount_namespace, const std::function<void()>& stuck = {});

}  // namespace pyxis
