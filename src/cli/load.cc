#include "base/log.h"
#include "base/process.h"
#include "cli/images_to_load.h"
#include "engine/launch.h"
#include "engine/user_store.h"
#include "store/collection.h"
#include "store/images.h"

namespace pyxis::cli {
namespace {

Result<int> load(const ImageArguments& image_arguments, const ContainerArguments& arguments,
                 const Environment& environment) {
  auto reference = TRY(parse_reference(image_arguments.uri));
  if (reference.scheme == Reference::Scheme::file || reference.scheme == Reference::Scheme::url)
    return create_of_file(reference.path, arguments, environment);
  auto settings = TRY(load_settings(environment));
  auto request = TRY(import_request(image_arguments));
  auto name = arguments.name.empty() ? default_name(request.reference) : arguments.name;
  TRY(check_container_name(name));
  auto store = TRY(open_user_store(settings));
  UmaskScope umask(022);
  auto name_lock = TRY(lock_container_name(store, name));
  bool replace = arguments.force || settings.force_override;
  TRY(check_free(store, name, replace));
  TerminalReporter reporter;
  auto hold = TRY(hold_images(store));
  auto image = TRY_CONTEXT(import_image(store, settings, request, reporter), "import " + image_arguments.uri);
  if (replace) TRY(remove_container(store, name));
  ContainerRecord record;
  record.name = name;
  record.reference = request.reference.canonical();
  TRY(make_container(store, image, record));
  TRY(make_image_durable(store, image.digest));
  log::info("Container " + name + " is ready: pyxis start " + name);
  return 0;
}

}  // namespace

Action add_load(CLI::App& app, const Environment& environment) {
  auto* command = app.add_subcommand("load", "Import an image and make a container of it");
  auto image_arguments = add_image_arguments(*command);
  auto arguments = std::make_shared<ContainerArguments>();
  command->add_option("-n,--name", arguments->name, "Name of the container (default: from the image's)")
      ->type_name("NAME");
  command->add_flag("-f,--force", arguments->force, "Replace a container of that name");
  return [=, &environment] { return load(*image_arguments, *arguments, environment); };
}

}  // namespace pyxis::cli
