// What a registry says a name points to.
#pragma once

#include "base/result.h"
#include "engine/import.h"
#include "engine/reporter.h"
#include "engine/settings.h"

namespace pyxis {

// What the name points to now, an index or a manifest, and as whom the registry was asked
// (engine/import_news.h, NameAnswer). One attempt, with short time-outs.
Result<std::string> ask_name(const Settings& settings, const ImportRequest& request, Reporter& reporter);
// The digest of the manifest for the request's platform.
Result<std::string> ask_manifest_digest(const Settings& settings, const ImportRequest& request,
                                        Reporter& reporter);

}  // namespace pyxis
