// The registry client, set up from the engine's settings and the user's credentials.
#pragma once

#include <memory>

#include "base/result.h"
#include "engine/reporter.h"
#include "engine/settings.h"
#include "image/reference.h"
#include "registry/client.h"

namespace pyxis {

Result<std::unique_ptr<Client>> open_registry(const Settings& settings, const Reference& reference, Reporter& reporter);

// The registry did not answer at all (no route, no name, refused, time-out), as opposed to answering no.
bool unreachable(const Error& error);

}  // namespace pyxis
