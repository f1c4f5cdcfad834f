#include <filesystem>

#include "base/log.h"
#include "base/process.h"
#include "cli/images_to_load.h"
#include "contract/image_file_name.h"
#include "engine/import.h"
#include "engine/unpacked_image.h"
#include "engine/user_store.h"
#include "store/collection.h"

namespace pyxis::cli {
Result<int> create_of_file(const std::string& file, const ContainerArguments& arguments,
                           const Environment& environment) {
  auto settings = TRY(load_settings(environment));
  auto name = arguments.name.empty() ? image_file_stem(file) : arguments.name;
  TRY(check_container_name(name));
  std::error_code code;
  auto path = std::filesystem::absolute(file, code).lexically_normal().string();
  if (code) return sys_error(file, code.value());
  auto store = TRY(open_user_store(settings));
  TRY(store.sweep_staging());
  UmaskScope umask(022);
  auto name_lock = TRY(lock_container_name(store, name));
  bool replace = arguments.force || settings.force_override;
  TRY(check_free(store, name, replace));
  ContainerRecord record;
  record.name = name;
  TerminalReporter reporter;
  auto hold = TRY(hold_images(store));
  if (is_address(file))
    path = TRY(bring_image_file(settings, {TRY(parse_reference(file)), host_platform(), file}, reporter));
  TRY(make_unpacked_container(store, settings, path, std::move(record), replace, reporter));
  log::info("Container " + name + " is ready: pyxis start " + name);
  return 0;
}

Action add_create(CLI::App& app, const Environment& environment) {
  auto* command = app.add_subcommand("create", "Make a container of an image file");
  auto file = std::make_shared<std::string>();
  auto arguments = std::make_shared<ContainerArguments>();
  command->add_option("IMAGE", *file, "The image file, or its address: https://HOST/PATH.sqsh")->required();
  command
      ->add_option("-n,--name", arguments->name,
                   "Name of the container (default: the file's without .sqsh or .sif)")
      ->type_name("NAME");
  command->add_flag("-f,--force", arguments->force, "Replace a container of that name");
  command->footer(
      "A squashfs file, or a SIF file of Apptainer's. The file is unpacked, and not needed afterwards. "
      "'pyxis start FILE' starts it as it is.");
  return [=, &environment] { return create_of_file(*file, *arguments, environment); };
}

}  // namespace pyxis::cli
