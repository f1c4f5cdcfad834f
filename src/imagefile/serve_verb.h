// `pyxis-squash serve NAME UID GID`: shows an image file as a file system for as long as that is mounted.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "engine/reporter.h"

namespace pyxis {

// The image file is descriptor image_server_fd, NAME its name for messages, UID and GID own all files, as
// numbered in the mount's user namespace. Says on the engine's socket that it is one (`done`), takes the
// device of the mount from there and serves it; the process ends here. Nothing of the caller's is kept:
// neither its output, nor its session, nor its signals.
Result<std::string> serve_verb(std::span<char* const> arguments, Reporter& reporter);

}  // namespace pyxis
