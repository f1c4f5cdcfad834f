#include "spank/config.h"

#include <algorithm>
#include <array>

#include "base/spelling.h"
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

Result<void> read_text(std::string& target, const std::string&, const std::string& value) {
  target = value;
  return ok();
}

// How a key is read: into MEMBER, by READ.
template <auto member, auto read>
Result<void> into(Config& config, const std::string& key, const std::string& value) {
  return read(config.*member, key, value);
}

constexpr auto booleans = "0|1";

constexpr std::array keys = {
    ConfigKey{"runtime_path", "PATH", "/run/pyxis",
              "directory on the node for running containers' sockets; only its last component is made, by "
              "slurmd. Below it every user has a directory of his own, made by root",
              into<&Config::runtime_path, read_path>},
    ConfigKey{"execute_entrypoint", booleans, "0",
              "`1`: run the image's entrypoint where the user says neither `--container-entrypoint` nor its "
              "opposite",
              into<&Config::execute_entrypoint, read_bool>},
    ConfigKey{"container_scope", "global|job", "global",
              "`global`: a named container lives until it is removed; `job`: until its job's epilog",
              into<&Config::container_scope, read_scope>},
    ConfigKey{
        "store", "system|user", "system",
        "`system`: the node has one store of images for all users; `user`: each user has one of his own",
        into<&Config::store, read_store>},
    ConfigKey{
        "image_refresh", "always|SECONDS|never", "always",
        "when a registry is asked what a tag means: `always`: once for each job; a number: not again for "
        "so many seconds, by that user on that node; `never`: only for what was never imported",
        into<&Config::image_good_for, read_refresh>},
    ConfigKey{
        "pin_tags", "job|node", "job",
        "`job`: srun asks what a tag means and tells all nodes, where a job has more than one; what the "
        "steps of a batch script, or of a salloc, have found out once counts for the later ones. After "
        "3 s without an answer it says so, and each node finds out for itself. `node`: always so, for "
        "sites whose login nodes do not reach the registries; so it is, too, with `importer`, "
        "`engine=enroot`, and where `image_refresh` is not `always`",
        into<&Config::pin_tags_for_job, read_pin_tags>},
    ConfigKey{"entitlement", "always|reachable|never", "reachable",
              "when a registry is asked whether a user may have an image that another one has brought: "
              "`always` and `reachable`: at each start; with `reachable`, what it said last counts while it "
              "does not answer; `never`: once",
              into<&Config::entitlement, read_entitlement>},
    ConfigKey{
        "store_limit", "SIZE|PERCENT%|none", "80%",
        "after jobs, the node's store is brought below this: `500G` is the size of its layers, `80%` how "
        "full its file system may be, `none` leaves it alone",
        into<&Config::store_limit, read_limit>},
    ConfigKey{"http_registries", "HOST:PORT[,...]", "",
              "registries whose word counts although they are on plain http",
              into<&Config::http_registries, read_text>},
    ConfigKey{
        "sbatch_support", booleans, "1",
        "`0`: sbatch and salloc do not have the options, and batch scripts run outside; srun in them has "
        "the options",
        into<&Config::sbatch_support, read_bool>},
    ConfigKey{"devices", "VENDOR/CLASS=NAME[,...]", "",
              "devices that containers get whose user says nothing by `--container-device`: names of the "
              "Container Device Interface, as in `devices=nvidia.com/gpu=slurm`",
              into<&Config::devices, read_devices>},
    ConfigKey{"importer", "PATH", "", "a program that gets images in the engine's place",
              into<&Config::importer, read_path>},
    ConfigKey{"engine", "pyxis|enroot", "pyxis", "`enroot`: an enroot that is installed does the work",
              into<&Config::engine, read_engine>},
    ConfigKey{"use_enroot_load", booleans, "0",
              "`engine=enroot` only: `enroot load` instead of `enroot import` and `enroot create`",
              into<&Config::use_enroot_load, read_bool>},
    ConfigKey{"use_squashfuse", booleans, "0",
              "`engine=enroot` only: unnamed containers start straight from the squashfs file",
              into<&Config::use_squashfuse, read_bool>},
    ConfigKey{"enroot_path", "PATH", "",
              "`engine=enroot` only: the program; without it, it is found in the usual directories",
              into<&Config::enroot_path, read_path>},
    ConfigKey{"pyxis_path", "PATH", "PREFIX/bin/pyxis",
              "our engine; `../libexec` from there has what belongs to it",
              into<&Config::pyxis_path, read_path>},
};

Error unknown_key(const std::string& name) {
  std::vector<std::string> known;
  for (const auto& key : keys) known.emplace_back(key.name);
  auto near = nearest_name(name, known);
  return fail("unknown key \"" + printable(name) + "\"",
              near.empty() ? "pyxis.conf(5) has those there are" : "did you mean '" + near + "'?");
}

Result<void> read_key(Config& config, const std::string& name, const std::string& value) {
  auto key = std::ranges::find(keys, name, &ConfigKey::name);
  if (key == keys.end()) return unknown_key(name);
  return key->read(config, name, value);
}

}  // namespace

std::span<const ConfigKey> config_keys() {
  return keys;
}

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
