// What to tell a user when a write fails for lack of space.
#pragma once

#include <string_view>

#include "base/result.h"

namespace pyxis {

// Adds to an ENOSPC or EDQUOT error which file system is full (the one that holds `directory`) and of what:
// space, inodes or quota; `help` says what to do about it. Other errors come back as they are.
Error explain_full_disk(Error error, int directory,
                        std::string_view help = "remove images or put the store elsewhere");

}  // namespace pyxis
