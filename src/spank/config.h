// The plugin's settings: the key=value words of its plugstack.conf line.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pyxis::spank {

enum class Scope { global, job };
enum class EngineKind { pyxis, enroot };
// Where layers are: in a store of the node for all users, or in each user's own.
enum class StoreKind { system, user };

struct Config {
  std::string runtime_path = "/run/pyxis";
  bool execute_entrypoint = false;
  Scope container_scope = Scope::global;
  bool sbatch_support = true;
  EngineKind engine = EngineKind::pyxis;
  std::string pyxis_path;  // our engine; by default the one installed with the plugin
  StoreKind store = StoreKind::system;
  // When registries are asked whether a user may have an image that is there: always, reachable or never
  // (docs/admin.md).
  std::string entitlement = "reachable";
  std::string store_limit = "80%";   // of the store, or of its file system (storage/collector.h); "none"
  std::string http_registries;       // that are asked over plain http, with commas between them
  uint64_t image_good_for = 0;       // seconds; `image_refresh`
  bool pin_tags_for_job = true;      // `pin_tags`: srun asks what a tag means, for all nodes
  std::vector<std::string> devices;  // of containers whose user asks for none by --container-device
  std::string importer;              // a program that gets images in the engine's place; empty: none
  // These concern the enroot engine only.
  std::string enroot_path;  // empty: found in the usual directories
  bool use_enroot_load = false;
  bool use_squashfuse = false;
};

// A key: how it is read, and what documents say of it.
struct ConfigKey {
  std::string_view name;
  const char* values;    // that it takes
  const char* fallback;  // what counts without it; empty: there is none
  const char* meaning;   // words of code in `backticks`
  Result<void> (*read)(Config& config, const std::string& name, const std::string& value);
};

// In the order of the documents.
std::span<const ConfigKey> config_keys();

// An unknown key and a bad value are errors that name the key.
Result<Config> parse_config(const std::vector<std::string>& words);

}  // namespace pyxis::spank
