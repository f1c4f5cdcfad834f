#include "base/log.h"
#include "cli/command.h"
#include "engine/image_file.h"
#include "engine/user_store.h"

namespace pyxis::cli {
namespace {

struct ExportArguments {
  std::string name, output;
  bool force = false;
};

Result<int> export_to_file(const ExportArguments& arguments, const Environment& environment) {
  auto settings = TRY(load_settings(environment));
  TRY(check_container_name(arguments.name));
  TerminalReporter reporter;
  auto store = TRY(open_user_store(settings));
  TRY(read_container(store, arguments.name));  // before the file: a misspelt name is the likelier mistake
  auto path = arguments.output.empty() ? arguments.name + ".sqsh" : arguments.output;
  auto target =
      TRY(ImageFileTarget::open(path, arguments.force || settings.force_override, settings, reporter));
  TRY(export_container(store, settings, arguments.name, target, reporter));
  log::info("Image file " + path + " is ready");
  return 0;
}

}  // namespace

Action add_export(CLI::App& app, const Environment& environment) {
  auto* command = app.add_subcommand("export", "Write a container into a squashfs file");
  auto arguments = std::make_shared<ExportArguments>();
  command->add_option("NAME", arguments->name, "The container")->required();
  command->add_option("-o,--output", arguments->output, "The image file (default: NAME.sqsh)")
      ->type_name("FILE");
  command->add_flag("-f,--force", arguments->force, "Replace a file of that name");
  command->footer(
      "A running container is written as it is found, file by file; one at rest stays so until it is "
      "written.\n"
      "What is mounted in it is not part of it.");
  return [=, &environment] { return export_to_file(*arguments, environment); };
}

}  // namespace pyxis::cli
