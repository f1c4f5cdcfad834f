// What a registry says a name points to.
#pragma once

#include "base/result.h"
#include "engine/import.h"
#include "engine/reporter.h"
#include "engine/settings.h"
#include "image/digest.h"

namespace pyxis {

// The digest the name points to now, an index's or a manifest's. One attempt, with short time-outs.
Result<Digest> ask_digest(const Settings& settings, const ImportRequest& request, Reporter& reporter);
// The digest of the manifest for the request's platform.
Result<Digest> ask_manifest_digest(const Settings& settings, const ImportRequest& request,
                                   Reporter& reporter);

}  // namespace pyxis
