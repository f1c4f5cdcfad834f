// The program in a bundle. It starts the image behind it in the same file; under the names of the engine's
// helper programs it is these.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <iostream>

#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"
#include "bundle/extract.h"
#include "bundle/workspace.h"
#include "cli/start_arguments.h"
#include "engine/helper_program.h"
#include "engine/installation.h"
#include "engine/launch.h"
#include "engine/user_store.h"
#include "imagefile/serve_verb.h"

namespace pyxis {
namespace {

struct BundleArguments {
  cli::StartArguments start;
  bool info = false, verify = false, extract = false, keep = false;
  std::string target;
};

int print_info(const Bundle& bundle) {
  const auto& facts = bundle.facts;
  std::cout << "Image        " << printable(facts.name) << "\n"
            << "Description  " << (facts.description.empty() ? "-" : printable(facts.description)) << "\n"
            << "Size         " << human_bytes(bundle.trailer.image_bytes) << "\n"
            << "Checksum     " << (facts.checksum.empty() ? "-" : facts.checksum) << "\n"
            << "Target       " << printable(facts.target.empty() ? facts.name : facts.target) << "\n"
            << "Pyxis        " << PYXIS_VERSION << "\n";
  for (const auto& file : facts.files)
    if (!file.path.starts_with("pyxis-hooks/")) std::cout << "File         " << printable(file.path) << "\n";
  return 0;
}

// Settings of a bundle, for where the user has none: all of its own.
Environment with_own_places(Environment environment, const std::string& workspace) {
  for (const auto& [name, place] : {std::pair{"ENROOT_SYSCONF_PATH", "/site"},
                                    {"ENROOT_CONFIG_PATH", "/user"},
                                    {"ENROOT_DATA_PATH", "/data"},
                                    {"ENROOT_RUNTIME_PATH", "/run"}})
    if (!environment.has(name)) environment.set(name, workspace + place);
  return environment;
}

std::string target_of(const BundleArguments& arguments, const BundleFacts& facts) {
  if (!arguments.target.empty()) return arguments.target;
  return facts.target.empty() ? facts.name : facts.target;
}

Result<int> extract(const Bundle& bundle, const std::string& target, const std::string& workspace,
                    const Settings& settings) {
  TRY(make_directories(target));
  auto directory = TRY(open_path(target, O_RDONLY | O_DIRECTORY));
  if (!TRY(list_directory(directory.get())).empty())
    return fail(target + " is not empty", "name another directory with --target");
  auto mount_point = workspace + "/root";
  TRY(make_directories(mount_point, 0700));
  TRY(extract_image(bundle.path, directory.get(), mount_point, settings));
  log::info("Extracted to " + target);
  return 0;
}

// The container that is kept at the target, made the first time.
Result<void> keep_container(const Bundle& bundle, const std::string& workspace, const Settings& settings) {
  auto store = TRY(open_user_store(settings));
  auto lock = TRY(lock_container_name(store, bundle.facts.name));
  if (TRY(container_exists(store, bundle.facts.name))) return ok();
  auto mount_point = workspace + "/root";
  TRY(make_directories(mount_point, 0700));
  ContainerRecord record;
  record.name = bundle.facts.name;
  record.form = ContainerForm::flat;
  record.reference = bundle.path;
  return create_container(
      store, record, [&](int rootfs) { return extract_image(bundle.path, rootfs, mount_point, settings); });
}

Result<int> act(const Bundle& bundle, BundleArguments& arguments, const std::vector<std::string>& command,
                const Environment& environment) {
  if (arguments.info) return print_info(bundle);
  if (arguments.verify || !bundle.facts.checksum.empty()) TRY(verify_bundle(bundle));
  if (arguments.verify) return 0;
  auto temporary = environment.get_or("ENROOT_TEMP_PATH", environment.get_or("TMPDIR", "/tmp"));
  auto workspace = TRY(Workspace::make(temporary, bundle.facts, bundle.path));
  provide_part("pyxis-squash", bundle.path);
  provide_part("pyxis-hooks", workspace.path() + "/pyxis-hooks");
  auto target = target_of(arguments, bundle.facts);
  auto places = environment;
  if (arguments.keep) places.set("ENROOT_DATA_PATH", target);
  places = with_own_places(std::move(places), workspace.path());
  auto settings = TRY(load_settings(places));
  if (arguments.extract) return extract(bundle, target, workspace.path(), settings);
  if (arguments.keep) TRY(keep_container(bundle, workspace.path(), settings));
  arguments.start.name = arguments.keep ? bundle.facts.name : bundle.path;
  for (const auto& line : places.lines())
    if (line.starts_with("ENROOT_")) arguments.start.settings.push_back(line);
  return cli::run_start(arguments.start, command, environment);
}

void add_options(CLI::App& app, BundleArguments& arguments) {
  app.add_flag("-i,--info", arguments.info, "Tell what this bundle is");
  app.add_flag("-v,--verify", arguments.verify, "Verify its checksum");
  app.add_flag("-x,--extract", arguments.extract, "Write the files of the image into the target directory");
  app.add_flag("-k,--keep", arguments.keep,
               "Run it from the target directory, where what is changed in it is kept");
  app.add_option("-t,--target", arguments.target, "The target directory")->type_name("DIR");
  cli::add_start_options(app, arguments.start);
  app.footer(
      "The options are followed by the command and its arguments; without one, what the image says runs. "
      "What is\n"
      "changed in it is dropped, unless it is kept.");
}

int run_bundle(int argc, char** argv, const Environment& environment) {
  auto path = read_link("/proc/self/exe");
  auto bundle = path.ok() ? open_bundle(*path) : Result<Bundle>(std::move(path).error());
  if (!bundle.ok()) {
    log::error("this program is a part of what 'pyxis bundle' makes: " + bundle.error().text());
    return 1;
  }
  auto description = bundle->facts.description.empty() ? bundle->facts.name : bundle->facts.description;
  CLI::App app{printable(description), bundle->path.substr(bundle->path.rfind('/') + 1)};
  BundleArguments arguments;
  add_options(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    log::error(error.what());
    std::cerr << app.help();
    return 1;
  }
  auto status = act(*bundle, arguments, app.remaining(), environment);
  if (status.ok()) return *status;
  log::error(status.error().text());
  return 1;
}

}  // namespace
}  // namespace pyxis

int main(int argc, char** argv) {
  try {
    auto environment = pyxis::Environment::capture();
    std::string_view name = argc > 0 ? argv[0] : "";
    name.remove_prefix(name.rfind('/') + 1);
    if (name == "enroot-mount") return pyxis::cli::enroot_mount(argc, argv, environment);
    if (name == "pyxis-squash") {
      const std::array verbs = {pyxis::HelperVerb{"serve", 3, pyxis::serve_verb}};
      return pyxis::run_helper_program({argv, static_cast<size_t>(argc)}, verbs);
    }
    return pyxis::run_bundle(argc, argv, environment);
  } catch (const std::exception& error) {
    pyxis::log::error(std::string("internal error: ") + error.what());
    return 1;
  }
}
