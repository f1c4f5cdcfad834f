// The `pyxis` program.

#include <signal.h>

#include <iostream>

#include "base/log.h"
#include "base/spelling.h"
#include "base/text.h"
#include "cli/commands.h"
#include "engine/step.h"

namespace pyxis {
namespace {

constexpr int interrupted = 128 + SIGINT;  // as shells tell it

// One line where it is plain what was meant, else the help.
void refuse_command(const CLI::App& app, const std::string& name) {
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  auto hint = did_you_mean(name, names);
  bool meant = !hint.empty();
  log::error("no command named '" + name + "'" + hint);
  if (!meant) std::cerr << app.help();
}

// Between plugin and engine; not for people, so not in the help.
int run_step_command(const std::string& name, const Environment& environment) {
  if (name == "start") return step_start(environment);
  if (name == "save") return step_save(environment);
  if (name == "finish") return step_finish(environment);
  if (name == "epilog") return step_epilog(environment);
  log::error("step: unknown request '" + name + "'");
  return 1;
}

// step resolve JOB RUNTIME-DIRECTORY IMAGE
int run_step_resolve(char** words, const Environment& environment) {
  return step_resolve(environment, {parse_number<uint64_t>(words[0]).value_or(0), words[1], words[2]});
}

int explain(CLI::App& app, const std::string& topic) {
  for (auto* command : app.get_subcommands([&](const CLI::App* each) { return each->get_name() == topic; })) {
    std::cout << command->help(app.get_name());
    return 0;
  }
  if (!topic.empty()) {
    log::error("no command named '" + topic + "'");
    return 1;
  }
  // App::help() would be that of the command that was given: `help`.
  std::cout << app.get_formatter()->make_help(&app, app.get_name(), CLI::AppFormatMode::Normal);
  return 0;
}

int run_command_line(const std::string& name, int argc, char** argv, const Environment& environment) {
  auto commands = cli::make_commands(name, environment);
  auto& app = commands->app;
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return 0;
  } catch (const CLI::CallForAllHelp&) {
    std::cout << app.help("", CLI::AppFormatMode::All);
    return 0;
  } catch (const CLI::ParseError& error) {
    bool unknown = app.get_subcommands().empty() && argc > 1 && argv[1][0] != '-';
    if (unknown) return refuse_command(app, argv[1]), 1;
    log::error(error.what());
    std::cerr << app.help();  // that of the command, if one was given
    return 1;
  }
  if (commands->help->parsed()) return explain(app, commands->topic);
  for (auto& [command, action] : commands->actions) {
    if (!command->parsed()) continue;
    auto status = action();
    if (status.ok()) return *status;
    log::error(status.error().text());
    return status.error().code == ECANCELED ? interrupted : 1;
  }
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
    if (argc == 3 && std::string_view(argv[1]) == "step")
      return pyxis::run_step_command(argv[2], environment);
    if (argc == 6 && std::string_view(argv[1]) == "step" && std::string_view(argv[2]) == "resolve")
      return pyxis::run_step_resolve(argv + 3, environment);
    if (argc == 4 && std::string_view(argv[1]) == "step" && std::string_view(argv[2]) == "environment")
      return pyxis::cli::step_environment(argv[3], environment);
    return pyxis::run_command_line(name == pyxis::cli::enroot_name ? "enroot" : "pyxis", argc, argv,
                                   environment);
  } catch (const std::exception& error) {
    pyxis::log::error(std::string("internal error: ") + error.what());
    return 1;
  }
}
