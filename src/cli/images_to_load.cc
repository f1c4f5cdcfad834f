#include "cli/images_to_load.h"

#include "store/containers.h"

namespace pyxis::cli {

std::shared_ptr<ImageArguments> add_image_arguments(CLI::App& command) {
  auto arguments = std::make_shared<ImageArguments>();
  command.add_option("URI", arguments->uri, "Image, as in docker://[USER@][REGISTRY/]IMAGE[:TAG][@DIGEST]")
      ->required();
  command
      .add_option("-a,--arch", arguments->architecture, "Architecture of the image (default: this machine's)")
      ->type_name("ARCH");
  return arguments;
}

Result<ImportRequest> import_request(const ImageArguments& arguments) {
  ImportRequest request;
  request.reference = TRY(parse_reference(arguments.uri));
  TRY(check_importable(request.reference));
  request.platform =
      arguments.architecture.empty() ? host_platform() : TRY(parse_platform(arguments.architecture));
  if (!arguments.architecture.empty()) TRY(check_architecture(request.platform));
  request.shown_as = arguments.uri;
  return request;
}

std::string default_name(const Reference& reference) {
  auto name = reference.repository;
  if (name.starts_with("library/")) name.erase(0, 8);
  for (char& c : name)
    if (c == '/') c = '+';
  return reference.tag_written ? name + "+" + reference.tag : name;
}

Result<void> check_free(const Store& store, const std::string& name, bool replace) {
  if (!TRY(container_exists(store, name))) return ok();
  if (!replace)
    return fail("container " + name + " exists already",
                "choose another name with -n, or replace it with -f");
  auto use = TRY(use_container(store, name));
  if (!TRY(sole_user(use))) return container_runs(name);
  return ok();
}

}  // namespace pyxis::cli
