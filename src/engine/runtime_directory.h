// The user's directory for what is so only while the machine runs (ENROOT_RUNTIME_PATH).
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace pyxis {

// Made where it is missing. EPERM where it is another user's, as one in /tmp may be: he would decide about
// all that is in it.
Result<Fd> open_runtime_directory(const std::string& path);
// The same of what is there; ENOENT where nothing is.
Result<Fd> find_runtime_directory(const std::string& path);

}  // namespace pyxis
