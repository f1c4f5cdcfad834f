// Mounts of a container while it runs: what comes into it, and what others start from.
#pragma once

#include <vector>

#include "base/result.h"
#include "sandbox/fstab.h"
#include "sandbox/sandbox.h"

namespace pyxis {

// Binds what is the host's, as the caller sees it, into the running container, for as long as that runs. Of
// the options of an entry, x-create is taken as auto, rbind as given, and the attributes count; missing mount
// points are made. Linux 5.12 or later. The caller must be single-threaded.
Result<void> bind_into_running(const NamespaceSet& namespaces, const std::vector<MountEntry>& binds);

// The root of a running container without what is mounted on it, writable, attached nowhere: for a second
// container on the same files. (An overlay's directories must not be mounted twice:
// Documentation/filesystems/overlayfs.rst.) Linux 5.12 or later. The caller must be single-threaded.
Result<Fd> clone_root(const NamespaceSet& namespaces);

}  // namespace pyxis
