#include "cli/start_arguments.h"

namespace pyxis::cli {

Action add_start(CLI::App& app, const Environment& environment) {
  auto* command = app.add_subcommand("start", "Run a command in a container");
  auto arguments = std::make_shared<StartArguments>();
  command->add_option("NAME", arguments->name, "The container, or the path of an image file")->required();
  add_start_options(*command, *arguments);
  command->footer(
      "NAME is followed by the command and its arguments. The image's entry point starts with them, or with "
      "the image's default command; where it has neither, /bin/sh.\n"
      "An image file is started as it is, and what is changed in it is dropped.\n"
      "A container that runs already is started beside that, on the same files; 'exec' enters it.\n"
      "Exit status: the command's own; 127 or 126 if it is not there or cannot be executed; 1 for other "
      "errors.");
  return
      [arguments, command, &environment] { return run_start(*arguments, command->remaining(), environment); };
}

}  // namespace pyxis::cli
