#include "enroot/tool.h"

#include <unistd.h>

#include <algorithm>

#include "base/text.h"

namespace pyxis::enroot {

Result<Tool> Tool::find(std::string path, Environment environment) {
  auto remedy = "ask the administrator to install it, or to set enroot_path in plugstack.conf";
  if (!path.empty()) {
    if (::access(path.c_str(), X_OK) != 0) return sys_error("enroot_path " + path).with_remedy(remedy);
    return Tool(std::move(path), std::move(environment));
  }
  for (const auto& directory : split(environment.get_or("PATH", ""), ':')) {
    path = directory + "/enroot";
    if (path.front() == '/' && ::access(path.c_str(), X_OK) == 0)
      return Tool(std::move(path), std::move(environment));
  }
  return fail("there is no enroot on this node (in " + environment.get_or("PATH", "") + ")", remedy);
}

Result<void> Tool::check(const EndSignals& signals) const {
  return check_version(path_, TRY(run(version_command(), &signals)));
}

Result<std::string> Tool::run(const Arguments& arguments, const EndSignals* signals) const {
  auto what = path_ + " " + arguments.at(1);
  auto outcome = TRY_CONTEXT(
      signals ? run_external_program(program(arguments), *signals) : run_external_program(program(arguments)),
      what);
  if (!outcome.succeeded()) return outcome.failure(what);
  return std::move(outcome.output);
}

Result<void> Tool::remove(const std::string& container) const {
  auto removed = run(remove_command(container));
  if (removed.ok()) return ok();
  auto left = listed_names(TRY(run(list_command())));
  if (std::ranges::find(left, container) == left.end()) return ok();
  return std::move(removed).error();
}

}  // namespace pyxis::enroot
