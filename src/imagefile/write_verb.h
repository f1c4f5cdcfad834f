// `pyxis-squash write`: packs a directory tree into an image file, see engine/write_request.h.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "engine/reporter.h"

namespace pyxis {

// Gives the size of the file, for people.
Result<std::string> write_verb(std::span<char* const> arguments, Reporter& reporter);

}  // namespace pyxis
