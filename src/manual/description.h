// What pages and completions are made of: the program's commands, as data.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace pyxis::manual {

struct DescribedOption {
  std::vector<std::string> names;  // "-e", "--env"
  std::string argument;            // its placeholder; empty: the option takes none
  std::string help;
};

struct DescribedCommand {
  std::string name;
  std::string summary;
  std::vector<DescribedOption> options;      // in the order of --help
  std::vector<DescribedOption> positionals;  // without names; `argument` as in the usage: "[IMAGE...]"
  bool takes_command_line = false;           // goes on after its own arguments
  std::string explanation;                   // the text behind the options: paragraphs, examples
};

DescribedCommand describe(const CLI::App& command);
// The commands below it, in the order of --help.
std::vector<DescribedCommand> describe_commands(const CLI::App& app);

}  // namespace pyxis::manual
