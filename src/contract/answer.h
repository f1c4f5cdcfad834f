// How a program of the user's tells root how its work went: through a pipe, which carries no descriptors
// (dropping one can take as long as its sender wishes: SO_LINGER) and which root reads once, when there is
// something to read.
#pragma once

#include <chrono>
#include <string_view>

#include "base/pipe.h"
#include "base/result.h"

namespace pyxis {

// Writes how the work went, as one write of at most PIPE_BUF bytes: what an error says beyond that is cut
// off.
void write_answer(int writer, const Result<void>& outcome);

// What was written. ETIMEDOUT where nothing was within `limit`, ECONNRESET where all writers closed without a
// word.
Result<void> read_answer(int reader, std::chrono::seconds limit);

}  // namespace pyxis
