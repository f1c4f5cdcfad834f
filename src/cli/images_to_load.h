// What commands that bring images and containers into the user's store have in common.
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

// Of `load` and `create`.
struct ContainerArguments {
  std::string name;
  bool force = false;
};
// Error where a container has the name and is not to be replaced, or runs. The caller holds the name.
Result<void> check_free(const Store& store, const std::string& name, bool replace);
// `create`.
Result<int> create_of_file(const std::string& file, const ContainerArguments& arguments,
                           const Environment& environment);

}  // namespace pyxis::cli
