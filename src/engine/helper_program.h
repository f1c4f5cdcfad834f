// What the engine's helper programs have in common: `PROGRAM VERB ARGUMENT...`, started by the engine
// (engine/helper.h), not by people; their news go to descriptor 3.
#pragma once

#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/reporter.h"

namespace pyxis {

struct HelperVerb {
  std::string_view name;
  size_t arguments;  // how many it takes
  // What it gives is the text of `done`.
  std::function<Result<std::string>(std::span<char* const> arguments, Reporter& reporter)> act;
};

// The body of main(): calls the one of `verbs` that the command line names and tells the engine how it went.
int run_helper_program(std::span<char* const> command_line, std::span<const HelperVerb> verbs);

// Requested by the signals that ask a process to end: what is half done is then removed before it does. To be
// called once, while there is one thread; the one that waits for them ends with the process.
std::stop_token stop_on_signals();

}  // namespace pyxis
