#include "cli/start_arguments.h"

namespace pyxis::cli {

Action add_batch(CLI::App& app, const Environment& environment) {
  auto* command = app.add_subcommand("batch", "Run a command in the container that a config script names");
  auto arguments = std::make_shared<StartArguments>();
  command->add_option("CONFIG", arguments->conf, "The config script")->required();
  add_start_options(*command, *arguments, false);
  command->footer(
      "A config script is bash, with any of these:\n"
      "  #ENROOT_ROOTFS=NAME    the container, or the path of an image file\n"
      "  #ENROOT_KEY=VALUE      other settings\n"
      "  environ() { ... }      prints variables of the container, NAME=VALUE lines\n"
      "  mounts() { ... }       prints mounts, as lines of an fstab\n"
      "  hooks() { ... }        runs as a hook; $ENROOT_ROOTFS is the root file system\n"
      "  rc() { ... }           runs in the container, with the command as arguments\n"
      "With #!/usr/bin/env -S pyxis batch as its first line it is a program.");
  return
      [arguments, command, &environment] { return run_start(*arguments, command->remaining(), environment); };
}

}  // namespace pyxis::cli
