// Variables for containers as people write them: environ.d/*.env.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/environment.h"
#include "base/result.h"

namespace pyxis {

// NAME=VALUE lines; blank lines and those that begin with '#' are comments. One pair of quotes around the
// value is removed, then each `${NAME}` in it is the value that `host` has (unset: nothing), as it is.
// ENROOT_* is refused: that are settings of the engine, not of a container. Errors begin with "ORIGIN:LINE:".
Result<std::vector<std::string>> parse_environ_file(std::string_view text, const Environment& host,
                                                    std::string_view origin);

}  // namespace pyxis
