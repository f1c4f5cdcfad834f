// What is done with a container when a step, or the job, does not need it any more.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "enroot/notes.h"
#include "enroot/tool.h"

namespace pyxis::enroot {

// Waits for the end of `enroot start`, whose leader has been let go, and kills it where that takes long.
void await_end(const Fd& pidfd);

// These two end deciding. For a container that nobody is in: its `enroot start`, if it still runs, is ended,
// its image file removed, and the container too if `remove` says so.
Result<void> clear_container(const Tool& tool, Notes& notes, const std::string& container, bool remove);
// Whoever has looked at a container only: notes that are of no use to others go.
Result<void> leave_container(Notes& notes);

// Clears temporary containers whose step has ended without doing so.
Result<void> sweep(const Tool& tool, const std::string& runtime_dir);

}  // namespace pyxis::enroot
