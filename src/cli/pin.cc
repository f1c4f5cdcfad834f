#include "cli/command.h"
#include "engine/image_list.h"
#include "engine/user_store.h"

namespace pyxis::cli {
namespace {

Result<int> pin(const std::vector<std::string>& names, bool pinned, const Environment& environment) {
  auto settings = TRY(load_settings(environment));
  auto store = TRY(open_user_store(settings));
  auto hold = TRY(hold_images(store));
  auto inventory = TRY(take_inventory(store));
  for (const auto& name : names)
    TRY(pin_image(store, TRY(image_named(store, inventory, name, "pyxis images")).digest, pinned));
  return 0;
}

Action add(CLI::App& app, const Environment& environment, bool pinned) {
  auto* command = pinned ? app.add_subcommand("pin", "Keep images, whatever is collected")
                         : app.add_subcommand("unpin", "Let images be collected again");
  auto names = std::make_shared<std::vector<std::string>>();
  command->add_option("IMAGE", *names, "Names, or digests as 'pyxis images' shows them")->required();
  return [names, pinned, &environment] { return pin(*names, pinned, environment); };
}

}  // namespace

Action add_pin(CLI::App& app, const Environment& environment) {
  return add(app, environment, true);
}
Action add_unpin(CLI::App& app, const Environment& environment) {
  return add(app, environment, false);
}

}  // namespace pyxis::cli
