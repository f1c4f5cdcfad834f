// What site and user configure for all their containers: mounts.d, environ.d and hooks.d, each the site's
// files and then the user's.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/settings.h"
#include "hooks/hook.h"
#include "sandbox/fstab.h"

namespace pyxis {

// A program of hooks.d, or one of the engine's own hooks.
struct ConfiguredHook {
  std::string name;     // of the file
  std::string program;  // its path
  const BuiltinHook* builtin = nullptr;
};

struct ContainerConfiguration {
  std::vector<MountEntry> early, late;   // before and after the hooks
  std::vector<std::string> environment;  // "NAME=value", later ones win
  std::vector<ConfiguredHook> hooks;     // in the order of their running
};

// Errors name file and line. What is shipped as mounts.d is mounted unless the site has files of those names.
// Likewise with the engine's own hooks: a file of the site's takes the place of that of its name, and one
// that is not executable leaves that empty.
Result<ContainerConfiguration> read_container_configuration(const Settings& settings);

}  // namespace pyxis
