// Entering the namespaces of a container that is already set up.
#pragma once

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "contract/step.h"

namespace pyxis {

// Moves the calling process, which must be single-threaded (setns(2)), into the namespaces: the user
// namespace first, since it grants what the others need, and the mount namespace last, since it hides the
// outside. Afterwards root and working directory are the container's "/". EINVAL where the two lists differ
// in length.
Result<void> join_namespaces(const std::vector<Namespace>& kinds, const std::vector<Fd>& descriptors);

// chdir(2); an empty path is "/". The error names the path.
Result<void> enter_directory(const std::string& path);

// Entering a user namespace gives every capability in it (user_namespaces(7)). A process that is not uid 0
// there would lose them at its next execve(2); this drops them now, so that nothing runs with them before.
// uid 0 keeps them.
Result<void> drop_capabilities_unless_root();

}  // namespace pyxis
