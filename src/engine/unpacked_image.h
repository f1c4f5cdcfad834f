// Containers that are an image file unpacked: `pyxis-squash unpack`.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/reporter.h"
#include "engine/settings.h"
#include "store/containers.h"
#include "store/store.h"

namespace pyxis {

// Where that program has the image file and the directory to be filled.
constexpr int unpack_image_fd = 4, unpack_directory_fd = 5;

// Makes a container with the files of the image as its own: nothing of the file is needed afterwards. The
// caller holds the name; `replace` as for create_container(). ECANCELED where a signal ended it; a failure
// leaves nothing. Single-threaded.
Result<void> make_unpacked_container(const Store& store, const Settings& settings,
                                     const std::string& image_file, ContainerRecord record, bool replace,
                                     Reporter& reporter);

}  // namespace pyxis
