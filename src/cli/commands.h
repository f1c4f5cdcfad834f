// All commands of the program together: main() parses by them, the manual describes them.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"

namespace pyxis::cli {

struct Commands {
  CLI::App app;
  std::vector<std::pair<CLI::App*, Action>> actions;
  CLI::App* help = nullptr;
  std::string topic;  // the command that `help` is to explain
};

// `name`: pyxis or enroot, as the program was called. `environment` must live as long as the result.
std::unique_ptr<Commands> make_commands(const std::string& name, const Environment& environment);

}  // namespace pyxis::cli
