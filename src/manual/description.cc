#include "manual/description.h"

namespace pyxis::manual {
namespace {

// Before what validators add: "SIZE:SIZE [b, kb(=1024b), ...]".
std::string placeholder(const CLI::Option& option) {
  auto type = option.get_type_name();
  return type.substr(0, type.find(':'));
}

DescribedOption describe_option(const CLI::Option& option) {
  DescribedOption described{
      {}, option.get_items_expected_max() == 0 ? "" : placeholder(option), option.get_description()};
  for (const auto& name : option.get_snames()) described.names.push_back("-" + name);
  for (const auto& name : option.get_lnames()) described.names.push_back("--" + name);
  return described;
}

DescribedOption describe_positional(const CLI::Option& option) {
  auto name = option.get_name(true);
  if (option.get_items_expected_max() > 1) name += "...";
  return {{}, option.get_required() ? name : "[" + name + "]", option.get_description()};
}

}  // namespace

DescribedCommand describe(const CLI::App& command) {
  DescribedCommand described{command.get_name(),         command.get_description(), {}, {},
                             command.get_prefix_command(), command.get_footer()};
  for (const auto* option : command.get_options([](const CLI::Option*) { return true; })) {
    if (option->get_positional())
      described.positionals.push_back(describe_positional(*option));
    else
      described.options.push_back(describe_option(*option));
  }
  return described;
}

std::vector<DescribedCommand> describe_commands(const CLI::App& app) {
  std::vector<DescribedCommand> described;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    described.push_back(describe(*command));
  return described;
}

}  // namespace pyxis::manual
