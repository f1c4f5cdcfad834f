// Starting a container through enroot: `enroot start` runs our leader in it, which reports.
#pragma once

#include <functional>
#include <string>

#include "enroot/joined.h"
#include "enroot/notes.h"
#include "enroot/tool.h"

namespace pyxis::enroot {

struct Led {
  Joined container;
  Child process;  // `enroot start`
  Fd output;      // what programs of the entry point print from now on; to be read, or they would wait
};

// `what`: a container's name, or an image file. `print` gets each line that is printed before the container
// has started: those of hooks and of the entry point. Errors have them, too. ECANCELED: a signal came; enroot
// has been ended.
Result<Led> start_leader(const Tool& tool, const std::string& what, const StartRequest& request,
                         const Notes& notes, const EndSignals& signals,
                         const std::function<void(const std::string&)>& print);

}  // namespace pyxis::enroot
