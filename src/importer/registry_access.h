// The registry client, set up from the engine's settings and the user's credentials.
#pragma once

#include <memory>
#include <stop_token>

#include "base/result.h"
#include "contract/reference.h"
#include "engine/reporter.h"
#include "engine/settings.h"
#include "registry/client.h"

namespace pyxis {

// patient: retries with growing waits, for what cannot be done without. Otherwise one attempt with a short
// time-out.
enum class Patience { patient, brief };
// What such a client is given. `reporter` is told of credentials, and has to stay. Errors: what the site says
// of registries (SYSCONF/registries.conf, registries.conf.d/*.conf) is wrong, or others can change it.
Result<ClientSettings> registry_settings(const Settings& settings, Patience patience, Reporter& reporter);
// Error for a reference that names no registry, too.
Result<std::unique_ptr<Client>> open_registry(const Reference& reference, const Settings& settings,
                                              Patience patience, Reporter& reporter,
                                              std::stop_token stop = {});

}  // namespace pyxis
