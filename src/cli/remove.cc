#include <unistd.h>

#include <iostream>

#include "cli/command.h"
#include "engine/settings.h"
#include "engine/user_store.h"

namespace pyxis::cli {
namespace {

struct RemoveArguments {
  std::vector<std::string> names;
  bool force = false;
};

bool confirmed(const std::string& name) {
  std::cerr << "Remove container " << name << "? [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y";
}

Result<int> remove(const RemoveArguments& arguments, const Environment& environment) {
  auto settings = TRY(load_settings(environment));
  auto store = TRY(open_user_store(settings));
  for (const auto& name : arguments.names) {
    TRY(check_container_name(name));
    if (!TRY(container_exists(store, name)))
      return fail("no container named " + name, "'pyxis list' shows those there are");
    if (!arguments.force && !confirmed(name)) continue;
    auto name_lock = TRY(lock_container_name(store, name));
    TRY(remove_container(store, name));
  }
  return 0;
}

}  // namespace

Action add_remove(CLI::App& app, const Environment& environment) {
  auto* command = app.add_subcommand("remove", "Remove containers and what was changed in them");
  auto arguments = std::make_shared<RemoveArguments>();
  command->add_option("NAME", arguments->names, "Containers")->required();
  command->add_flag("-f,--force", arguments->force, "Do not ask");
  command->footer("A container that runs is not removed. The image it was made from stays.");
  return [arguments, &environment] { return remove(*arguments, environment); };
}

}  // namespace pyxis::cli
