#include "cli/commands.h"

namespace pyxis::cli {
namespace {

constexpr auto description =
    "Unprivileged containers for cluster users.\n"
    "Images come from registries, are unpacked once, and start in milliseconds.";

constexpr auto footer =
    "Examples:\n"
    "  pyxis load -n work docker://debian:trixie    import an image and make a container of it\n"
    "  pyxis start -w work cat /etc/os-release      run a command in it\n"
    "  pyxis list -f                                what there is and what runs\n"
    "  pyxis remove work\n"
    "'pyxis COMMAND --help' tells more about one. Under Slurm, 'srun --container-image=IMAGE COMMAND' does "
    "it all.";

}  // namespace

std::unique_ptr<Commands> make_commands(const std::string& name, const Environment& environment) {
  std::unique_ptr<Commands> commands(new Commands{CLI::App(description, name), {}, nullptr, {}});
  auto& app = commands->app;
  app.require_subcommand(1);
  for (auto add : {add_load,   add_pull,   add_import, add_create, add_export, add_start,  add_batch,
                   add_bundle, add_exec,   add_list,   add_remove, add_images, add_gc,     add_pin,
                   add_unpin,  add_digest, add_edf,    add_doctor, add_info,   add_version}) {
    auto action = add(app, environment);
    commands->actions.emplace_back(app.get_subcommands({}).back(), std::move(action));
  }
  commands->help = app.add_subcommand("help", "Explain a command");
  commands->help->add_option("COMMAND", commands->topic, "The command");
  // After the commands, which would inherit them.
  app.footer(footer);
  app.set_help_all_flag("--help-all", "Help of all commands");
  return commands;
}

}  // namespace pyxis::cli
