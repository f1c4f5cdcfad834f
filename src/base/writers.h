// Whether configuration is its reader's own or root's, and nobody else's to change.
#pragma once

#include <sys/stat.h>

#include <string>

#include "base/result.h"

namespace pyxis {

// EPERM, with the cause and a remedy, where others than root and this process's user can change what `info`
// is of. What is the user's own may be writable for his own group.
Result<void> check_writers(const struct stat& info, const std::string& path);

}  // namespace pyxis
