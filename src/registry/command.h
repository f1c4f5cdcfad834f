// A short-lived program whose output is wanted: credential helpers and the shell expressions of .credentials.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/environment.h"
#include "base/fd.h"
#include "base/result.h"

namespace pyxis {

struct CommandRequest {
  std::string program;                 // absolute path
  std::vector<std::string> arguments;  // argv[0] included; never a secret: others can read it
  Environment environment;
  std::string input;                             // its stdin
  std::vector<std::pair<int, int>> descriptors;  // (here, there), beyond 0, 1 and 2
  std::chrono::seconds deadline{120};
};

struct CommandOutput {
  int status = 0;  // as of waitpid(2)
  std::string out, err;
};

// Runs it to its end. It is killed, and an error returned, at the deadline, when `stop` is requested and when
// it writes more than 1 MB. Output is complete up to the program's own exit; what it leaves behind is not
// waited for.
Result<CommandOutput> run_command(const CommandRequest& request, const std::stop_token& stop);

// The first executable NAME in $PATH of `environment`; empty where there is none.
std::string find_program(const std::string& name, const Environment& environment);

}  // namespace pyxis
