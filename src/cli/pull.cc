#include <iostream>

#include "cli/images_to_load.h"
#include "engine/user_store.h"
#include "store/collection.h"
#include "store/images.h"

namespace pyxis::cli {

Action add_pull(CLI::App& app, const Environment& environment) {
  auto* command = app.add_subcommand("pull", "Import an image into the store");
  auto arguments = add_image_arguments(*command);
  command->footer(
      "Containers of the image start without waiting afterwards. Prints the digest of what was imported.");
  return [arguments, &environment]() -> Result<int> {
    auto settings = TRY(load_settings(environment));
    auto request = TRY(import_request(*arguments));
    auto store = TRY(open_user_store(settings));
    TerminalReporter reporter;
    auto hold = TRY(hold_images(store));
    auto image = TRY_CONTEXT(import_image(store, settings, request, reporter), "import " + arguments->uri);
    touch_image(store, image.digest);
    TRY(make_image_durable(store, image.digest));
    std::cout << image.digest.text() << "\n";
    return 0;
  };
}

}  // namespace pyxis::cli
