// What site and user configure for all their containers: mounts.d, environ.d and hooks.d, each the site's
// files and then the user's.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/settings.h"
#include "sandbox/fstab.h"

namespace pyxis {

struct ContainerConfiguration {
  std::vector<MountEntry> early, late;   // before and after the hooks
  std::vector<std::string> environment;  // "NAME=value", later ones win
  std::vector<std::string> hooks;        // paths of programs
};

// Errors name file and line. What is shipped as mounts.d is mounted unless the site has files of those names.
Result<ContainerConfiguration> read_container_configuration(const Settings& settings);

}  // namespace pyxis
