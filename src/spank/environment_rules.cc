#include "spank/environment_rules.h"

#include <algorithm>
#include <array>

#include "base/environment.h"
#include "base/text.h"

namespace pyxis::spank {
namespace {

// Names that end in '*' stand for all that begin so.
constexpr std::array engine_denied = {"ENROOT_*",
                                      "PYXIS_*",
                                      "LD_*",
                                      "PATH",
                                      "BASH_ENV",
                                      "ENV",
                                      "BASH_FUNC_*",
                                      "SHELLOPTS",
                                      "BASHOPTS",
                                      "IFS",
                                      "GCONV_PATH",
                                      "GETCONF_DIR",
                                      "HOSTALIASES",
                                      "GLIBC_TUNABLES",
                                      "LOCPATH",
                                      "NLSPATH",
                                      "MALLOC_*",
                                      "RES_OPTIONS",
                                      "LOCALDOMAIN",
                                      "OPENSSL_CONF",
                                      "OPENSSL_MODULES",
                                      "OPENSSL_ENGINES",
                                      "HOME",
                                      "USER",
                                      "LOGNAME",
                                      "PWD",
                                      "OLDPWD"};

// Set by Slurm for each task: what the container has under these names can only be stale.
constexpr std::array per_task = {"SLURM_*",   "SLURMD_*",       "PMI_*",        "PMI2_*",
                                 "PMIX_RANK", "PMIX_NAMESPACE", "PMIX_SERVER_*"};

constexpr std::array locale = {"LANG", "LANGUAGE", "LC_ALL"};

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == name;
}

template <class Patterns>
bool any_matches(const Patterns& patterns, std::string_view name) {
  return std::any_of(patterns.begin(), patterns.end(), [&](std::string_view p) { return matches(p, name); });
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::vector<std::string> engine_environment(const std::vector<std::string>& job, const Account& account) {
  const auto given = Environment::from(job);
  Environment kept;
  for (const auto& [name, value] : given.values())
    if (!any_matches(engine_denied, name)) kept.set(name, value);
  kept.set("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  kept.set("HOME", account.home.empty() ? "/" : account.home);
  if (!account.name.empty()) {
    kept.set("USER", account.name);
    kept.set("LOGNAME", account.name);
  }
  return kept.lines();
}

void apply_container_environment(SlurmApi& api, const Started& started,
                                 const std::vector<std::string>& host_wins) {
  auto task = Environment::from(api.environment());
  auto host_keeps = [&](const std::string& name) {
    return task.has(name) && (contains(host_wins, name) || any_matches(per_task, name));
  };
  for (const auto* name : locale)
    if (!contains(host_wins, name) && task.has(name)) api.unset_environment(name);
  for (const auto& name : started.env_unset)
    if (!host_keeps(name)) api.unset_environment(name);
  const auto container = Environment::from(started.env);
  for (const auto& [name, value] : container.values())
    if (!host_keeps(name)) api.set_environment(name, value);
}

void complete_pmix_environment(SlurmApi& api) {
  auto task = Environment::from(api.environment());
  constexpr std::array<std::pair<const char*, const char*>, 3> pairs = {
      {{"PMIX_PTL_MODULE", "PMIX_MCA_ptl"},
       {"PMIX_SECURITY_MODE", "PMIX_MCA_psec"},
       {"PMIX_GDS_MODULE", "PMIX_MCA_gds"}}};
  for (const auto& [given, wanted] : pairs)
    if (auto value = task.get(given); value && !task.has(wanted)) api.set_environment(wanted, *value);
}

}  // namespace pyxis::spank
