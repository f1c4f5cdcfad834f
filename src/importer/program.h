// What `pyxis-import` and `pyxis-ask` have in common: `PROGRAM VERB USER REFERENCE PLATFORM SHOWN-AS`.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "engine/import.h"
#include "engine/reporter.h"
#include "engine/settings.h"
#include "image/digest.h"

namespace pyxis {

struct NamedVerb {
  std::string_view name;
  Result<std::string> (*act)(const Settings& settings, const ImportRequest& request, Reporter& reporter);
};

// The body of main(): calls the one of `verbs` that the command line names and tells the engine how it went.
int run_importer(int argc, char** argv, std::span<const NamedVerb> verbs);

}  // namespace pyxis
