#include "spank/client.h"

namespace pyxis::spank {

Result<void> register_options(SlurmApi& api, const Config& config) {
  bool wanted = api.context() == Context::local || api.context() == Context::remote ||
                (api.context() == Context::allocator && config.sbatch_support);
  if (!wanted) return ok();
  for (const auto& row : option_rows()) TRY(api.register_option(row));
  return ok();
}

int check_client_options(SlurmApi& api, const Config& config, GivenOptions given, ProcessVariables& variables,
                         bool say_ignored) {
  auto lookup = [&](const std::string& name) { return variables.get(name); };
  auto complete = [&]() -> Result<void> {
    TRY(given.add_inherited(lookup));
    TRY(given.add_defaults(lookup));
    TRY(given.resolve(config));
    return ok();
  };
  if (auto checked = complete(); !checked.ok()) {
    report(api, checked.error());
    return -1;
  }
  variables.set(decided_variable, "1");
  for (const auto& row : option_rows()) {
    if (given.has(row.id))
      variables.set(decision_variable(row), given.argument(row.id));
    else
      variables.unset(decision_variable(row));
  }
  if (say_ignored)
    for (const auto& line : given.ignored()) tell(api, line);
  return 0;
}

}  // namespace pyxis::spank
