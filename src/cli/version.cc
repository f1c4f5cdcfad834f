#include <iostream>

#include "cli/command.h"

namespace pyxis::cli {

Action add_version(CLI::App& app, const Environment&) {
  app.add_subcommand("version", "Print the version");
  // Scripts that call `enroot` want to know what it understands.
  auto version = app.get_name() == enroot_name ? enroot_interface_version : PYXIS_VERSION;
  return [version]() -> Result<int> {
    std::cout << version << "\n";
    return 0;
  };
}

}  // namespace pyxis::cli
