#include "spank/config.h"

#include <algorithm>

#include "base/text.h"
#include "contract/device_name.h"

namespace pyxis::spank {
namespace {

Error bad_value(std::string_view key, std::string_view value, std::string_view wanted) {
  return fail(std::string(key) + ": invalid value \"" + printable(value) + "\" (" + std::string(wanted) +
              ")");
}

Result<void> read_bool(bool& target, const std::string& key, const std::string& value) {
  auto parsed = parse_bool(value);
  if (!parsed) return bad_value(key, value, "1 true yes y, or 0 false no n");
  target = *parsed;
  return ok();
}

Result<void> read_path(std::string& target, const std::string& key, const std::string& value) {
  if (value.size() < 2 || value.front() != '/') return bad_value(key, value, "an absolute path");
  target = value;
  while (target.back() == '/') target.pop_back();
  return ok();
}

Result<void> read_scope(Scope& target, const std::string& key, const std::string& value) {
  if (value != "global" && value != "job") return bad_value(key, value, "global or job");
  target = value == "job" ? Scope::job : Scope::global;
  return ok();
}

Result<void> read_engine(EngineKind& target, const std::string& key, const std::string& value) {
  if (value != "pyxis" && value != "enroot") return bad_value(key, value, "pyxis or enroot");
  target = value == "enroot" ? EngineKind::enroot : EngineKind::pyxis;
  return ok();
}

Result<void> read_store(StoreKind& target, const std::string& key, const std::string& value) {
  if (value != "system" && value != "user") return bad_value(key, value, "system or user");
  target = value == "system" ? StoreKind::system : StoreKind::user;
  return ok();
}

Result<void> read_refresh(uint64_t& target, const std::string& key, const std::string& value) {
  auto seconds = parse_number<uint64_t>(value);
  if (value == "always")
    target = 0;
  else if (value == "never")
    target = UINT64_MAX;
  else if (seconds)
    target = *seconds;
  else
    return bad_value(key, value, "always, never or seconds");
  return ok();
}

Result<void> read_pin_tags(bool& target, const std::string& key, const std::string& value) {
  if (value != "job" && value != "node") return bad_value(key, value, "job or node");
  target = value == "job";
  return ok();
}

// A number with K, M, G, T or %.
Result<void> read_limit(std::string& target, const std::string& key, const std::string& value) {
  auto digits = std::min(value.find_first_not_of("0123456789"), value.size());
  auto unit = std::string_view(value).substr(digits);
  bool known = unit.empty() || (unit.size() == 1 && std::string_view("KMGT%").find(unit[0]) != unit.npos);
  if (value != "none" && (digits == 0 || digits > 15 || !known))
    return bad_value(key, value, "as 500G, 80% or none");
  target = value;
  return ok();
}

Result<void> read_entitlement(std::string& target, const std::string& key, const std::string& value) {
  if (value != "always" && value != "reachable" && value != "never")
    return bad_value(key, value, "always, reachable or never");
  target = value;
  return ok();
}

Result<void> read_devices(std::vector<std::string>& target, const std::string& key,
                          const std::string& value) {
  target = TRY_CONTEXT(parse_device_list(value), key);
  return ok();
}

Result<void> read_key(Config& config, const std::string& key, const std::string& value) {
  if (key == "runtime_path") return read_path(config.runtime_path, key, value);
  if (key == "pyxis_path") return read_path(config.pyxis_path, key, value);
  if (key == "execute_entrypoint") return read_bool(config.execute_entrypoint, key, value);
  if (key == "sbatch_support") return read_bool(config.sbatch_support, key, value);
  if (key == "use_enroot_load") return read_bool(config.use_enroot_load, key, value);
  if (key == "use_squashfuse") return read_bool(config.use_squashfuse, key, value);
  if (key == "container_scope") return read_scope(config.container_scope, key, value);
  if (key == "engine") return read_engine(config.engine, key, value);
  if (key == "enroot_path") return read_path(config.enroot_path, key, value);
  if (key == "store") return read_store(config.store, key, value);
  if (key == "entitlement") return read_entitlement(config.entitlement, key, value);
  if (key == "http_registries") {
    config.http_registries = value;
    return ok();
  }
  if (key == "pin_tags") return read_pin_tags(config.pin_tags_for_job, key, value);
  if (key == "image_refresh") return read_refresh(config.image_good_for, key, value);
  if (key == "store_limit") return read_limit(config.store_limit, key, value);
  if (key == "devices") return read_devices(config.devices, key, value);
  if (key == "importer") return read_path(config.importer, key, value);
  return fail("unknown key \"" + printable(key) + "\"");
}

}  // namespace

Result<Config> parse_config(const std::vector<std::string>& words) {
  Config config;
  config.pyxis_path = PYXIS_ENGINE_PATH;
  for (const auto& word : words) {
    auto equals = word.find('=');
    if (equals == word.npos)
      return fail("plugstack.conf: \"" + printable(word) + "\" is not of the form key=value");
    TRY_CONTEXT(read_key(config, word.substr(0, equals), word.substr(equals + 1)), "plugstack.conf");
  }
  if (config.engine == EngineKind::enroot && !config.devices.empty())
    return fail("plugstack.conf: devices: enroot knows no devices by CDI", "leave it out with engine=enroot");
  return config;
}

}  // namespace pyxis::spank
