#include <iostream>

#include "cli/command.h"

namespace pyxis::cli {

Action add_version(CLI::App& app, const Environment&) {
  app.add_subcommand("version", "Print the version");
  return []() -> Result<int> {
    std::cout << PYXIS_VERSION << "\n";
    return 0;
  };
}

}  // namespace pyxis::cli
