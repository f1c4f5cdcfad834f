#include "base/log.h"
#include "cli/images_to_load.h"
#include "engine/durability.h"
#include "engine/image_file.h"
#include "engine/user_store.h"
#include "store/collection.h"

namespace pyxis::cli {
namespace {

Result<int> import(const ImageArguments& arguments, const std::string& output,
                   const Environment& environment) {
  auto settings = TRY(load_settings(environment));
  auto request = TRY(import_request(arguments));
  TerminalReporter reporter;
  auto path = output.empty() ? default_name(request.reference) + ".sqsh" : output;
  auto target = TRY(ImageFileTarget::open(path, settings.force_override, settings, reporter));
  auto store = TRY(open_user_store(settings));
  TRY(store.sweep_staging());
  auto hold = TRY(hold_images(store));
  auto image = TRY_CONTEXT(import_image(store, settings, request, reporter), "import " + arguments.uri);
  auto durability = TRY(Durability::begin(store, image.digest));
  TRY(write_image_file(store, settings, image, request.reference.canonical(), target, reporter));
  TRY(durability.await());
  log::info("Image file " + path + " is ready");
  return 0;
}

}  // namespace

Action add_import(CLI::App& app, const Environment& environment) {
  auto* command = app.add_subcommand("import", "Write an image into a squashfs file");
  auto arguments = add_image_arguments(*command);
  auto output = std::make_shared<std::string>();
  command
      ->add_option("-o,--output", *output,
                   "The image file (default: from the image's name, as in a+b+TAG.sqsh)")
      ->type_name("FILE");
  command->footer(
      "The image stays in the store as well: another import or a container of it downloads nothing.\n"
      "ENROOT_SQUASH_OPTIONS says how the file is packed, as in '-comp xz -b 1M'; SOURCE_DATE_EPOCH dates "
      "it.");
  return [=, &environment] { return import(*arguments, *output, environment); };
}

}  // namespace pyxis::cli
