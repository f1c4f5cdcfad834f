// The filter that lets package managers work in a user namespace that maps one id only.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "base/result.h"

namespace pyxis {

// Classic BPF (seccomp(2)) that answers 0 without doing anything for chown, fchown, fchownat, lchown, setuid,
// setgid, setreuid, setregid, setresuid, setresgid and setgroups, and for setfsuid and setfsgid unless their
// argument is -1 (which asks for the current id); everything else is allowed. On x86_64 it knows the i386 and
// x32 system calls too.
std::vector<sock_filter> ownership_filter();

// Installs it for the calling thread and what it execs. Sets PR_SET_NO_NEW_PRIVS only where the thread has no
// CAP_SYS_ADMIN in its user namespace, for the kernel demands one of the two.
Result<void> install_ownership_filter();

}  // namespace pyxis
