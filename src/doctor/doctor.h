// `pyxis doctor`: what of a node keeps containers from running on it.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "doctor/context.h"
#include "doctor/finding.h"

namespace pyxis::doctor {

struct Check {
  std::string group;
  std::string name;  // of what is looked at; of the finding, where the check itself comes to nothing
  std::function<Findings(const Context&)> look;
};

// All that are to be made, in the order in which their findings are shown.
std::vector<Check> checks_for(const Context& context);

// Those of an image.
Check check_for(const ImageToCheck& image);

// Makes them, all at once, each in a process of its own, and gives their findings in order. What has not
// answered by the deadline is a failure that says so, and is killed. `waiting` is called with the name of
// what is waited for where that takes longer than a second. Single-threaded.
Findings examine(const Context& context, const std::vector<Check>& checks, std::chrono::milliseconds deadline,
                 const std::function<void(const std::string& name)>& waiting);

}  // namespace pyxis::doctor
