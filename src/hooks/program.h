// Hooks of the site and the user: programs of theirs.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace pyxis {

// Runs the program, without arguments or input, and waits for it; what it leaves running is not waited for.
// It is killed when this process dies. What it prints becomes lines of the engine's log, or, where it fails,
// part of the error, as it is; of long output the end. A line that begins with [INFO], [WARN] or [ERROR] is
// one of that level.
Result<void> run_hook_program(const std::string& path, const std::vector<std::string>& environment);

}  // namespace pyxis
