// Layers of one image: downloaded, verified, unpacked and published, several at a time.
#pragma once

#include <span>

#include "base/result.h"
#include "engine/reporter.h"
#include "image/manifest.h"
#include "image/reference.h"
#include "registry/client.h"
#include "store/store.h"

namespace pyxis {

// Afterwards every layer is present. `reference` names the repository. At most `workers` layers at once;
// memory is bounded by that number, not by the layers' sizes. The first error stops all workers and is the
// one returned.
Result<void> import_layers(const Store& store, Client& client, const Reference& reference,
                           std::span<const Descriptor> layers, unsigned workers, Reporter& reporter);

}  // namespace pyxis
