#include <iostream>

#include "cli/images_to_load.h"

namespace pyxis::cli {

Action add_digest(CLI::App& app, const Environment& environment) {
  auto* command = app.add_subcommand("digest", "Print the digest of an image in a registry");
  auto arguments = add_image_arguments(*command);
  command->footer(
      "The digest is that of the manifest for the architecture: IMAGE@DIGEST names exactly this image, for "
      "ever.");
  return [arguments, &environment]() -> Result<int> {
    auto settings = TRY(load_settings(environment));
    TerminalReporter reporter;
    std::cout << TRY(resolve_digest(settings, TRY(import_request(*arguments)), reporter)).text() << "\n";
    return 0;
  };
}

}  // namespace pyxis::cli
