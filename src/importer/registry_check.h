// How a registry stands, step by step: its name, the way to it, its answer, its clock, and who it lets in.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/import.h"
#include "engine/reporter.h"
#include "engine/settings.h"

namespace pyxis {

// RegistryReport::encode() for the registry of the request's reference, whose repository is not asked for.
// One attempt, with short time-outs.
Result<std::string> check_registry(const Settings& settings, const ImportRequest& request,
                                   Reporter& reporter);

// How many rules registries.conf has. Nobody is asked; errors are those of the files.
Result<std::string> check_policy(const Settings& settings, const ImportRequest& request, Reporter& reporter);

}  // namespace pyxis
