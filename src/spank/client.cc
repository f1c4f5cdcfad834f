#include "spank/client.h"

namespace pyxis::spank {

Result<void> register_options(SlurmApi& api, const Config& config) {
  bool wanted = api.context() == Context::local || api.context() == Context::remote ||
                (api.context() == Context::allocator && config.sbatch_support);
  if (!wanted) return ok();
  for (const auto& row : option_rows()) TRY(api.register_option(row));
  return ok();
}

namespace {

// What the salloc or sbatch has made of the file that we have inherited from it.
std::optional<EnvironmentFile> read_before(const GivenOptions& given, const GivenOptions::Lookup& variables) {
  if (given.origin(OptionId::environment) == Origin::command_line) return std::nullopt;
  auto outcome = variables(decision_variable(option_row(OptionId::environment)));
  auto file = outcome ? EnvironmentFile::decode(*outcome) : fail("");
  if (!file.ok() || file->argument != given.argument(OptionId::environment)) return std::nullopt;
  return std::move(*file);
}

std::string decision(const GivenOptions& given, OptionId id) {
  return id == OptionId::environment ? given.file()->encode() : given.argument(id);
}

}  // namespace

int check_client_options(SlurmApi& api, const Config& config, GivenOptions given, ProcessVariables& variables,
                         bool say_ignored, const EnvironmentReader& read_environment) {
  auto lookup = [&](const std::string& name) { return variables.get(name); };
  auto complete = [&]() -> Result<void> {
    TRY(given.add_inherited(lookup));
    TRY(given.add_defaults(lookup));
    if (given.has(OptionId::environment)) {
      auto file = read_before(given, lookup);
      if (!file) file = TRY(read_environment(given.argument(OptionId::environment)));
      TRY(given.add_file(std::move(*file)));
    }
    auto options = TRY(given.resolve(config));
    // What salloc was given may be completed by the srun inside it.
    if (given.file() && !options.contained() && say_ignored)
      return fail(given.file()->path + " names no image",
                  "write image = \"...\" there, or give --container-image");
    return ok();
  };
  if (auto checked = complete(); !checked.ok()) {
    report(api, checked.error());
    return -1;
  }
  variables.set(decided_variable, "1");
  for (const auto& row : option_rows()) {
    if (given.has(row.id))
      variables.set(decision_variable(row), decision(given, row.id));
    else
      variables.unset(decision_variable(row));
  }
  if (say_ignored)
    for (const auto& line : given.ignored()) tell(api, line);
  return 0;
}

}  // namespace pyxis::spank
