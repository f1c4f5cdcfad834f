// The plugin's settings: the key=value words of its plugstack.conf line.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace pyxis::spank {

enum class Scope { global, job };

struct Config {
  std::string runtime_path = "/run/pyxis";
  bool execute_entrypoint = false;
  Scope container_scope = Scope::global;
  bool sbatch_support = true;
  bool use_enroot_load = false;  // these two concern the enroot engine only
  bool use_squashfuse = false;
  std::string pyxis_path;  // the engine; by default the one installed with the plugin
};

// An unknown key, a bad value, and a key whose feature this release lacks are errors that name the key.
Result<Config> parse_config(const std::vector<std::string>& words);

}  // namespace pyxis::spank
