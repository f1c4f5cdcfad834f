// `pyxis-squash unpack NAME`: unpacks an image file into a directory.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "engine/reporter.h"

namespace pyxis {

// The image file is descriptor unpack_image_fd, NAME its name for messages; the directory, empty, is
// unpack_directory_fd (engine/unpacked_image.h). Gives an empty text.
Result<std::string> unpack_verb(std::span<char* const> arguments, Reporter& reporter);

}  // namespace pyxis
