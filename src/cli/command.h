// One sub-command per file: each owns its flags, its help footer and its action.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "base/environment.h"
#include "base/result.h"

namespace pyxis::cli {

// The exit status, or the error that main() prints as one line.
using Action = std::function<Result<int>()>;

// Adds the sub-command to `app` and gives what to run if it is chosen. Values parsed live in the returned
// closure.
using Register = Action (*)(CLI::App& app, const Environment& environment);

// For commands that take a command line of the user's after their own arguments: what begins with a dash
// where that command line should begin is an unknown option.
inline void refuse_unknown_options(CLI::App* command) {
  command->callback([command] {
    auto rest = command->remaining();
    if (!rest.empty() && rest.front().starts_with('-'))
      throw CLI::ExtrasError(command->get_name(), {rest.front()});
  });
}

// The program under this name is taken for enroot, of that version.
inline constexpr auto enroot_name = "enroot", enroot_interface_version = "4.1.0";

// The program under the name enroot-mount: mounts lines of an fstab, for hooks.
int enroot_mount(int argc, char** argv, const Environment& environment);

// `pyxis step environment ARGUMENT`, in srun, sbatch and salloc, for the plugin: prints what `--environment`
// stands for (contract/environment_file.h). Exit status 1 where there is an error, whose lines are printed
// then.
int step_environment(const std::string& argument, const Environment& environment);

Action add_batch(CLI::App& app, const Environment& environment);
Action add_create(CLI::App& app, const Environment& environment);
Action add_bundle(CLI::App& app, const Environment& environment);
Action add_digest(CLI::App& app, const Environment& environment);
Action add_doctor(CLI::App& app, const Environment& environment);
Action add_edf(CLI::App& app, const Environment& environment);
Action add_exec(CLI::App& app, const Environment& environment);
Action add_export(CLI::App& app, const Environment& environment);
Action add_gc(CLI::App& app, const Environment& environment);
Action add_images(CLI::App& app, const Environment& environment);
Action add_import(CLI::App& app, const Environment& environment);
Action add_info(CLI::App& app, const Environment& environment);
Action add_list(CLI::App& app, const Environment& environment);
Action add_load(CLI::App& app, const Environment& environment);
Action add_pin(CLI::App& app, const Environment& environment);
Action add_pull(CLI::App& app, const Environment& environment);
Action add_remove(CLI::App& app, const Environment& environment);
Action add_start(CLI::App& app, const Environment& environment);
Action add_unpin(CLI::App& app, const Environment& environment);
Action add_version(CLI::App& app, const Environment& environment);

}  // namespace pyxis::cli
