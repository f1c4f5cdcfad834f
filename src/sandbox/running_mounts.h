// Mounts that come into a container while it runs.
#pragma once

#include <vector>

#include "base/result.h"
#include "sandbox/fstab.h"
#include "sandbox/sandbox.h"

namespace pyxis {

// Binds what is the host's, as the caller sees it, into the running container, for as long as that runs. Of
// the options of an entry, x-create is taken as auto, rbind as given, and the attributes count; missing mount
// points are made, which needs a writable root. Linux 5.12 or later. The caller must be single-threaded.
Result<void> bind_into_running(const NamespaceSet& namespaces, const std::vector<MountEntry>& binds);

}  // namespace pyxis
