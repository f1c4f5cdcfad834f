#include <iostream>

#include "base/log.h"
#include "cli/command.h"
#include "edf/load.h"

namespace pyxis::cli {
namespace {

struct EdfArguments {
  std::string action;
  std::vector<std::string> names;
};

// Whether there were none.
bool tell_problems(const edf::Loaded& loaded) {
  for (const auto& problem : loaded.problems) log::error(problem);
  return loaded.problems.empty();
}

int validate(const EdfArguments& arguments, const Environment& environment) {
  bool good = true;
  for (const auto& name : arguments.names) {
    auto loaded = edf::load(name, environment);
    if (!tell_problems(loaded)) {
      good = false;
      continue;
    }
    if (auto carried = edf::for_srun(loaded.definition, name, loaded.path); !carried.ok()) {
      log::error(carried.error().text());
      good = false;
      continue;
    }
    for (const auto& note : loaded.notes) log::info(note);
    std::cout << loaded.path << ": OK" << std::endl;  // before what is said of the next on stderr
  }
  return good ? 0 : 1;
}

Result<int> render(const EdfArguments& arguments, const Environment& environment) {
  if (arguments.names.size() != 1)
    return fail("edf render takes one file", "to check several: pyxis edf validate");
  auto loaded = edf::load(arguments.names[0], environment);
  if (!tell_problems(loaded)) return 1;
  std::cout << edf::render(loaded.definition);
  return 0;
}

}  // namespace

Action add_edf(CLI::App& app, const Environment& environment) {
  auto* command =
      app.add_subcommand("edf", "Check environment definition files, or show what one amounts to");
  auto arguments = std::make_shared<EdfArguments>();
  command
      ->add_option("ACTION", arguments->action,
                   "validate: say of each file that it is OK, or all that is wrong with it; "
                   "render: print one with its bases merged and its variables expanded")
      ->required()
      ->check(CLI::IsMember({"validate", "render"}));
  command
      ->add_option(
          "FILE", arguments->names,
          "Paths (with a '/', or ending in .toml), or names: NAME.toml in the directories of EDF_PATH, "
          "else in ~/.edf")
      ->required();
  command->footer(
      "A file says what 'srun --environment=NAME' runs in. ~/.edf/work.toml:\n"
      "  image = \"debian:trixie\"\n"
      "  mounts = [\"${SCRATCH}:${SCRATCH}\", \"/data:/data:ro\"]\n"
      "  workdir = \"${SCRATCH}\"\n"
      "  [env]\n"
      "  OMP_NUM_THREADS = \"${THREADS:-8}\"\n"
      "  LD_PRELOAD = \"\"\n"
      "Then:\n"
      "  pyxis edf validate work\n"
      "  pyxis edf render work\n"
      "  srun --environment=work python3 train.py");
  return [arguments, &environment]() -> Result<int> {
    if (arguments->action == "render") return render(*arguments, environment);
    return validate(*arguments, environment);
  };
}

int step_environment(const std::string& argument, const Environment& environment) {
  auto loaded = edf::load(argument, environment);
  if (loaded.problems.empty()) {
    auto file = edf::for_srun(loaded.definition, argument, loaded.path);
    if (file.ok()) {
      std::cout << file->encode();
      return 0;
    }
    loaded.problems.push_back(file.error().text());
  }
  for (const auto& problem : loaded.problems) std::cout << problem << "\n";
  return 1;
}

}  // namespace pyxis::cli
