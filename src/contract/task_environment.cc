#include "contract/task_environment.h"

#include <algorithm>

#include "contract/step_variables.h"

namespace pyxis {
namespace {

constexpr std::array locale = {"LANG", "LANGUAGE", "LC_ALL"};

constexpr std::array of_shells = {"_", "SHLVL", "PWD", "OLDPWD"};

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

bool matches_name(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == name;
}

Environment task_environment(const Environment& job, const Started& started,
                             const std::vector<std::string>& host_wins) {
  auto merged = job;
  auto host_keeps = [&](const std::string& name) {
    return merged.has(name) && (contains(host_wins, name) || set_per_task(name));
  };
  for (const auto* name : locale)
    if (!contains(host_wins, name)) merged.unset(name);
  for (const auto& name : started.env_unset)
    if (!host_keeps(name)) merged.unset(name);
  const auto container = Environment::from(started.env);
  for (const auto& [name, value] : container.values())
    if (!host_keeps(name)) merged.set(name, value);
  for (const auto& [name, value, yields] : pmix_variables(merged)) merged.set(name, value);
  if (!container.has("PYTORCH_VERSION")) return merged;
  // Those of this step and task: a container that was running has those of the step that started it.
  for (const auto& [name, value, yields] : pytorch_variables(job)) {
    bool keep = job.has(name) && (yields || contains(host_wins, name));
    merged.set(name, keep ? *job.get(name) : value);
  }
  return merged;
}

void adopt_changes(Started& started, const Environment& given, const Environment& now) {
  auto counts = [](const std::string& name) {
    return !set_per_task(name) && std::ranges::find(of_shells, name) == of_shells.end();
  };
  auto container = Environment::from(started.env);
  for (const auto& [name, value] : now.values())
    if (counts(name) && given.get(name) != value) container.set(name, value);
  for (const auto& [name, value] : given.values()) {
    if (!counts(name) || now.has(name)) continue;
    container.unset(name);
    started.env_unset.push_back(name);
  }
  started.env = container.lines();
}

}  // namespace pyxis
