// What `start`, `batch` and bundles have in common: their options, and running a command in a container.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace pyxis::cli {

struct StartArguments {
  std::string name;  // of a container, or the path of an image file
  std::string conf, rc;
  std::vector<std::string> environment, mounts, devices;
  std::vector<std::string> settings;  // "ENROOT_KEY=value": more of the environment's, for the engine alone
  bool root = false, writable = false, net = false, ipc = false, uts = false, pid = false;
};

// All but `name` and, where `with_conf` is false, the config script, which is what `batch` is given.
void add_start_options(CLI::App& command, StartArguments& arguments, bool with_conf = true);

// Runs `command`, or what the container has as default; the status is that of the command. A name that is
// empty is that of ENROOT_ROOTFS in the config script.
Result<int> run_start(const StartArguments& arguments, const std::vector<std::string>& command,
                      const Environment& environment);

}  // namespace pyxis::cli
