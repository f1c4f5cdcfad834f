// What a program that handles image files may use of the machine.
#pragma once

#include "base/result.h"

namespace pyxis {

// As many descriptors as may be (one is open for each level of directories), and no death by SIGXFSZ: a write
// beyond a limit is an error.
void adapt_limits();

// Memory that a hostile image makes a process ask for has an end (RLIMIT_DATA: about 1 GiB, and something for
// each of `threads`); std::bad_alloc says so. Threads have stacks of 8 MiB at most.
Result<void> limit_memory(unsigned threads);

}  // namespace pyxis
