#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "base/fs.h"
#include "base/log.h"
#include "base/process.h"
#include "cli/command.h"
#include "engine/start.h"
#include "engine/user_store.h"
#include "image/config.h"
#include "sandbox/sandbox.h"
#include "store/containers.h"

namespace pyxis::cli {
namespace {

struct StartArguments {
  std::string name;
  std::vector<std::string> environment, mounts;
  bool root = false, writable = false, net = false, ipc = false, uts = false;
};

bool is_image_file(const std::string& name) {
  return name.starts_with('/') || name.starts_with('.') || name.ends_with(".sqsh");
}

// A container that shows the file and goes with this command, as do its changes.
Result<void> start_of_file(const std::string& path, StartOptions& options) {
  std::error_code code;
  auto absolute = std::filesystem::absolute(path, code);
  if (code) return sys_error(path, code.value());
  options.request.image = absolute;
  options.request.container = absolute.stem().string() + "-" + std::to_string(::getpid());
  options.request.temporary = true;
  options.request.owner_pid = ::getpid();
  options.in_memory = true;
  return ok();
}

Result<StartOptions> start_options(const StartArguments& arguments, const Environment& environment) {
  StartOptions options;
  if (is_image_file(arguments.name))
    TRY(start_of_file(arguments.name, options));
  else if (arguments.name.find('/') != arguments.name.npos)
    return fail("'" + arguments.name + "' is the name of an image, not of a container",
                "make a container of it first: pyxis load " + arguments.name);
  else
    options.request.container = arguments.name;
  options.default_writable = false;
  if (arguments.root) options.request.remap_root = true;
  if (arguments.writable) options.request.writable = true;
  for (const auto& mount : arguments.mounts)
    options.mounts.push_back(TRY(parse_mount_argument(mount, environment)));
  if (arguments.net) options.request.unshare.push_back("net");
  if (arguments.ipc) options.request.unshare.push_back("ipc");
  if (arguments.uts) options.request.unshare.push_back("uts");
  return options;
}

// Command line over container over caller; a `-e K` without a value passes the caller's.
std::vector<std::string> merged_environment(const Environment& caller,
                                            const std::vector<std::string>& container,
                                            const std::vector<std::string>& given) {
  auto merged = caller;
  for (const auto& line : container) {
    auto equals = line.find('=');
    merged.set(line.substr(0, equals), line.substr(equals + 1));
  }
  for (const auto& line : given) {
    auto equals = line.find('=');
    auto name = line.substr(0, equals);
    if (equals != line.npos)
      merged.set(name, line.substr(equals + 1));
    else if (auto value = caller.get(name))
      merged.set(name, *value);
  }
  return merged.lines();
}

// What the image of a container runs, where that is recorded. Says so if there is no such container.
Result<std::vector<std::string>> recorded_command(const Settings& settings, const std::string& name) {
  auto store = TRY(open_user_store(settings));
  auto record = TRY(read_container(store, name));
  if (record.config.empty()) return std::vector<std::string>();
  auto config = TRY(parse_config(record.config));
  auto command = config.entrypoint;
  command.insert(command.end(), config.cmd.begin(), config.cmd.end());
  return command;
}

Result<int> start(const StartArguments& arguments, std::vector<std::string> command,
                  const Environment& environment) {
  auto settings = TRY(load_settings(environment));
  auto options = TRY(start_options(arguments, environment));
  auto of_image =
      options.in_memory ? std::vector<std::string>() : TRY(recorded_command(settings, arguments.name));
  SandboxCommand inside;
  bool remapped = options.request.remap_root.value_or(settings.remap_root);
  std::array<int, 2> leash;
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, leash.data()) != 0) return sys_error("socketpair");
  Fd ours(leash[0]), theirs(leash[1]);
  options.not_kept = {ours.get()};
  TerminalReporter reporter;
  Phase phase = Phase::request;
  auto running = TRY(start_container(std::move(options), settings, std::move(theirs), reporter, phase));
  if (running.started.attached && !arguments.mounts.empty())
    log::warn("container " + arguments.name + " is running: joined as it is, without the mounts given");
  if (of_image.empty()) of_image = std::move(running.command);
  if (of_image.empty()) of_image = {"/bin/sh"};
  inside.argv = command.empty() ? std::move(of_image) : std::move(command);
  inside.environment = merged_environment(environment, running.started.env, arguments.environment);
  inside.workdir = running.started.workdir;
  inside.keep_capabilities = remapped;
  inside.pretend_ownership = true;
  inside.not_executed = [](const Error& error) { log::error(error.text()); };
  Child supervisor(running.supervisor);
  auto status = run_in_sandbox(running.namespaces, inside);
  running.namespaces.clear();
  ours.reset();
  TRY(supervisor.wait());  // the container is at rest when the prompt returns
  return shell_status(TRY(std::move(status)));
}

}  // namespace

Action add_start(CLI::App& app, const Environment& environment) {
  auto* command = app.add_subcommand("start", "Run a command in a container");
  auto arguments = std::make_shared<StartArguments>();
  command->add_option("NAME", arguments->name, "The container")->required();
  command->add_option("-e,--env", arguments->environment, "Set a variable, or pass it on (repeatable)")
      ->type_name("K[=V]")
      ->allow_extra_args(false);
  command->add_option("-m,--mount", arguments->mounts, "Mount SOURCE:TARGET:TYPE:OPTIONS (repeatable)")
      ->type_name("FSTAB")
      ->allow_extra_args(false);
  command->add_flag("-r,--root", arguments->root, "Appear as root inside");
  command->add_flag("-w,--rw", arguments->writable, "Make the root file system writable");
  command->add_flag("--net", arguments->net, "Have a network of its own (loopback only)");
  command->add_flag("--ipc", arguments->ipc, "Have IPC of its own");
  command->add_flag("--uts", arguments->uts, "Have a host name of its own");
  command->prefix_command();
  refuse_unknown_options(command);
  command->footer(
      "NAME is followed by the command and its arguments; without one, what the image says runs, or "
      "/bin/sh.\n"
      "Exit status: the command's own; 127 or 126 if it is not there or cannot be executed; 1 for other "
      "errors.");
  return [arguments, command, &environment] { return start(*arguments, command->remaining(), environment); };
}

}  // namespace pyxis::cli
