// Writes the manual's pages, the guides' tables and the completions. Runs when Pyxis is built.
#include <fcntl.h>

#include <iostream>

#include "base/fs.h"
#include "cli/commands.h"
#include "manual/completion.h"
#include "manual/pages.h"
#include "manual/tables.h"

namespace pyxis::manual {
namespace {

Result<void> write_all_pages(const std::string& directory) {
  const Environment environment;
  auto all = cli::make_commands("pyxis", environment);
  auto program = describe(all->app);
  auto commands = describe_commands(all->app);
  TRY(make_directories(directory));
  auto write = [&](const std::string& name, const std::string& text) {
    return write_file(AT_FDCWD, directory + "/" + name, text);
  };
  TRY(write("pyxis.1", program_page(program, commands)));
  for (const auto& command : commands) TRY(write("pyxis-" + command.name + ".1", command_page(command)));
  TRY(write("pyxis.conf.5", config_page()));
  TRY(write("pyxis-settings.5", settings_page()));
  TRY(write("options.md", option_table()));
  TRY(write("plugstack.md", config_table()));
  TRY(write("settings.md", setting_table()));
  TRY(write("pyxis.bash", bash_completion(program, commands)));
  return write("pyxis.zsh", zsh_completion(program, commands));
}

}  // namespace
}  // namespace pyxis::manual

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "Usage: pyxis-manual DIRECTORY\n";
    return 1;
  }
  auto written = pyxis::manual::write_all_pages(argv[1]);
  if (!written.ok()) std::cerr << "pyxis-manual: " << written.error().text() << "\n";
  return written.ok() ? 0 : 1;
}
