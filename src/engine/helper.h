// Helper programs of the engine's, as it starts them: `pyxis-import`, `pyxis-ask`, `pyxis-squash`.
//
// What needs a library that starting a container does not, or parses hostile bytes, is a program of its own,
// beside `pyxis` in a build tree and in ../libexec when installed. It tells what happens on descriptor 3
// (engine/import_news.h). helper_program.h is the other end.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/process.h"
#include "base/result.h"
#include "engine/reporter.h"
#include "engine/settings.h"

namespace pyxis {

struct HelperCommand {
  std::vector<std::string> arguments;            // the program's name, the verb, and what that takes
  std::vector<std::pair<int, int>> descriptors;  // (here, there), from 4
  std::vector<std::string> environment;  // lines besides the settings: arguments are seen by everybody
};

struct Helper {
  std::string name;
  Child child;
  Fd socket;
};

// With the settings as its environment; it is asked to end when this process dies.
Result<Helper> start_helper(const HelperCommand& command, const Settings& settings);
// Passes on what it tells, and gives the text that it ends with, or its error.
Result<std::string> follow_helper(Helper& helper, Reporter& reporter);

// Both. A signal that asks this process to end meanwhile asks the helper, which removes what is half done:
// ECANCELED. Single-threaded.
Result<std::string> run_helper(const HelperCommand& command, const Settings& settings, Reporter& reporter);

}  // namespace pyxis
