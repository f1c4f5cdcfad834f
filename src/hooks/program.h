// Hooks of the site and the user: programs of theirs.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace pyxis {

// A program, and what it is called in messages ("hook /etc/...") and before its lines in the log.
struct ProgramCall {
  std::string name, tag;
  std::string program;
  std::vector<std::string> arguments;         // argv[0] included
  std::string input;                          // what it can read; run_program alone
  std::optional<std::chrono::seconds> limit;  // killed when it takes longer, an error; run_program alone
};

// Runs the program and waits for it; what it leaves running is not waited for. It is killed
// when this process dies. A line of the log says after some seconds that it is waited for. What it prints
// becomes lines of the engine's log, or, where it fails, part of the error, as it is; of long output the end.
// A line that begins with [INFO], [WARN] or [ERROR] is one of that level.
Result<void> run_program(const ProgramCall& call, const std::vector<std::string>& environment);
// The same of a hook, which has no arguments.
Result<void> run_hook_program(const std::string& path, const std::vector<std::string>& environment);
// The same where what it prints is wanted: only what it says on stderr is logged, of much the end. EFBIG
// where it prints more than 16 MiB.
Result<std::string> program_output(const ProgramCall& call, const std::vector<std::string>& environment);

}  // namespace pyxis
