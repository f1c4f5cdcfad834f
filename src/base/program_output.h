// What a program prints.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/process.h"
#include "base/result.h"

namespace pyxis {

struct ProgramOutput {
  std::string text;  // all that it has written to standard output
  int status = 0;    // see waitpid(2)
};

// Runs it with nothing on standard input. With a `patience` it is killed where it takes longer, as its status
// then says (ETIMEDOUT where not even that ends it); such a one has no more to say than fits into a pipe.
// Errors: it cannot be started; EFBIG: it prints more than `limit` bytes.
Result<ProgramOutput> output_of(SpawnRequest request, size_t limit,
                                std::optional<std::chrono::seconds> patience = {});

}  // namespace pyxis
