// What a step needs in a container that is running already: its batch script, PMIx's directory.
#pragma once

#include "contract/step.h"
#include "engine/reporter.h"
#include "sandbox/sandbox.h"

namespace pyxis {

// Binds the request's mounts that are marked with own_mount_option into the container. Where that cannot be,
// most commands do without: it is a warning.
void bind_own_mounts(const StartRequest& request, const NamespaceSet& namespaces, Reporter& reporter);

}  // namespace pyxis
