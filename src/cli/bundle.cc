#include "engine/bundle.h"

#include "base/log.h"
#include "cli/command.h"
#include "contract/image_file_name.h"
#include "engine/settings.h"

namespace pyxis::cli {
namespace {

Result<int> bundle(BundleRequest request, const Environment& environment) {
  auto settings = TRY(load_settings(environment));
  request.replace |= settings.force_override;
  request.checksum |= settings.bundle_checksum;
  request.configuration |= settings.bundle_all;
  if (request.output.empty()) request.output = image_file_stem(request.image) + ".run";
  TRY(make_bundle(request, settings));
  log::info("Bundle " + request.output + " is ready");
  return 0;
}

}  // namespace

Action add_bundle(CLI::App& app, const Environment& environment) {
  auto* command = app.add_subcommand("bundle", "Make a program of an image file, which runs anywhere");
  auto request = std::make_shared<BundleRequest>();
  command->add_option("IMAGE", request->image, "The image file")->required();
  command->add_flag("-a,--all", request->configuration,
                    "Include the mounts.d, environ.d and hooks.d of this machine, and of yours");
  command->add_flag("-c,--checksum", request->checksum,
                    "Include a checksum, which is verified before each run");
  command->add_option("-d,--desc", request->description, "A description, for --info")->type_name("TEXT");
  command->add_option("-o,--output", request->output, "The bundle (default: IMAGE.run)")->type_name("FILE");
  command
      ->add_option("-t,--target", request->target,
                   "Where --keep and --extract of the bundle put it (default: its image's name)")
      ->type_name("DIR");
  command->add_flag("-f,--force", request->replace, "Replace a file of that name");
  command->footer(
      "The bundle needs neither this program nor an image on the machine it runs on, and no privilege: a "
      "kernel that\n"
      "lets users make namespaces, and /dev/fuse. Its own --help tells what it can do.");
  return [request, &environment] { return bundle(*request, environment); };
}

}  // namespace pyxis::cli
