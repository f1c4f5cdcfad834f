// What `load`, `pull`, `import` and `digest` have in common: a URI, a platform, and an image of the user's
// store.
#pragma once

#include <memory>
#include <string>

#include "cli/command.h"
#include "engine/import.h"

namespace pyxis::cli {

struct ImageArguments {
  std::string uri, architecture;
};

// Adds URI and --arch to a command.
std::shared_ptr<ImageArguments> add_image_arguments(CLI::App& command);
Result<ImportRequest> import_request(const ImageArguments& arguments);
// Of a container, or of an image file without ".sqsh": '/' as '+', "library/" dropped, '+TAG' if a tag was
// written.
std::string default_name(const Reference& reference);

}  // namespace pyxis::cli
