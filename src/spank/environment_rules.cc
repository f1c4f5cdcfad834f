#include "spank/environment_rules.h"

#include <algorithm>
#include <array>

#include "base/environment.h"
#include "contract/task_environment.h"

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

template <class Patterns>
bool any_matches(const Patterns& patterns, std::string_view name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](std::string_view p) { return matches_name(p, name); });
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
                                 const std::vector<std::string>& host_wins,
                                 const std::vector<EnvironmentFile::Variable>& variables) {
  const auto before = Environment::from(api.environment());
  auto job = before;
  auto winning = host_wins;
  const auto effective = effective_variables(variables, host_wins, before);
  for (const auto& [name, value] : effective) {
    if (value.empty()) continue;
    job.set(name, value);
    winning.push_back(name);
  }
  auto after = task_environment(job, started, winning);
  for (const auto& [name, value] : effective)
    if (value.empty()) after.unset(name);
  for (const auto& [name, value] : before.values())
    if (!after.has(name)) api.unset_environment(name);
  for (const auto& [name, value] : after.values())
    if (before.get(name) != value) api.set_environment(name, value);
}

}  // namespace pyxis::spank
