// The program that a container starts with, and how the user's command is handed to it (engine spec, "Image
// files", rc).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/container_config.h"
#include "sandbox/sandbox.h"

namespace pyxis {

struct InitRequest {
  std::vector<std::string> command;  // the user's; empty: what the image has as default
  std::optional<std::string> rc;     // text of a script instead of the image's
  bool login_shell = true;           // a shell reads /etc/profile first
};

struct InitProgram {
  std::string program;  // executed under the name argv[0]; empty: argv[0], searched in PATH
  std::vector<std::string> argv;
  std::string name;  // of what the image has put before the command: "/entrypoint"; empty: nothing
};

// Called in the container, whose root `rootfs` is. A shell runs only where something is written for one: a
// script of the user's or the image's, a non-empty /etc/rc.local, and /etc/profile for a login shell. All
// else needs none in the image. Errors: a script, and no /bin/sh.
Result<InitProgram> find_init_program(const ContainerConfig& config, const InitRequest& request, int rootfs);

// `command` with a `complete` step that replaces its argv by that of the init program, inside.
void start_by_init(SandboxCommand& command, RecordedConfig recorded, Environment host, InitRequest request);

}  // namespace pyxis
