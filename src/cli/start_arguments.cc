#include "cli/start_arguments.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/fs.h"
#include "base/log.h"
#include "base/pipe.h"
#include "base/process.h"
#include "contract/device_name.h"
#include "contract/image_file_name.h"
#include "engine/config_script.h"
#include "engine/init_program.h"
#include "engine/start.h"
#include "engine/user_store.h"
#include "sandbox/sandbox.h"
#include "store/containers.h"

namespace pyxis::cli {
namespace {

constexpr auto rootfs_setting = "ENROOT_ROOTFS";

// So does any other file that is there, where no container has that name.
Result<bool> is_image_file(const std::string& name, const Settings& settings) {
  if (is_address(name) || name.starts_with('/') || name.starts_with('.') || ends_as_image_file(name))
    return true;
  std::error_code code;
  if (!std::filesystem::is_regular_file(name, code)) return false;
  if (!check_container_name(name).ok()) return true;
  return !TRY(container_exists(TRY(open_user_store(settings)), name));
}

// A container that shows the file and goes with this command, as do its changes.
Result<void> start_of_file(const std::string& path, StartOptions& options) {
  std::error_code code;
  auto absolute = std::filesystem::absolute(path, code);
  if (code) return sys_error(path, code.value());
  options.request.image = is_address(path) ? path : absolute.string();
  options.request.container = image_file_stem(path) + "-" + std::to_string(::getpid());
  options.request.temporary = true;
  options.request.owner_pid = ::getpid();
  options.in_memory = true;
  return ok();
}

// "NAME=value" lines; a NAME alone is the caller's value, or nothing where he has none.
std::vector<std::string> given_variables(const std::vector<std::string>& given, const Environment& caller) {
  std::vector<std::string> lines;
  for (const auto& line : given) {
    if (line.find('=') != line.npos)
      lines.push_back(line);
    else if (auto value = caller.get(line))
      lines.push_back(line + "=" + *value);
  }
  return lines;
}

Result<StartOptions> start_options(const StartArguments& arguments, const Environment& environment,
                                   const Settings& settings) {
  StartOptions options;
  if (TRY(is_image_file(arguments.name, settings)))
    TRY(start_of_file(arguments.name, options));
  else if (arguments.name.find('/') != arguments.name.npos)
    return fail("'" + arguments.name + "' is the name of an image, not of a container",
                "make a container of it first: pyxis load " + arguments.name);
  else
    options.request.container = arguments.name;
  options.request.mode = NameMode::no_exec;  // to enter one that runs is `exec`
  options.default_writable = false;
  if (arguments.root) options.request.remap_root = true;
  if (arguments.writable) options.request.writable = true;
  for (const auto& mount : arguments.mounts)
    options.mounts.push_back(TRY(parse_mount_argument(mount, environment)));
  for (const auto& names : arguments.devices)
    for (auto& name : TRY_CONTEXT(parse_device_list(names), "--device"))
      options.request.devices.push_back(std::move(name));
  if (arguments.net) options.unshare.push_back(Namespace::net);
  if (arguments.ipc) options.unshare.push_back(Namespace::ipc);
  if (arguments.uts) options.unshare.push_back(Namespace::uts);
  if (arguments.pid || std::ranges::count(settings.unshare, Namespace::pid) > 0)
    options.unshare.push_back(Namespace::pid);
  options.given.environment = given_variables(arguments.environment, environment);
  return options;
}

// Container over caller.
std::vector<std::string> command_environment(const Environment& caller, const Started& started) {
  auto merged = caller;
  merged.merge(started.env);
  return merged.lines();
}

// The configuration of a container that exists already; its own files have that of an image file.
Result<RecordedConfig> config_of_container(const Settings& settings, const StartOptions& options) {
  if (options.in_memory) return RecordedConfig{};
  auto store = TRY(open_user_store(settings));
  return recorded_config(store, TRY(read_container(store, options.request.container)));
}

// A start, with what its config script says taken in.
struct StartJob {
  StartArguments arguments;
  Settings settings;
  std::optional<ConfigScript> script;
  InitRequest init;
};

Result<StartJob> prepare_job(const StartArguments& arguments, const Environment& environment) {
  StartJob job{arguments, {}, {}, {}};
  auto known = environment;
  known.merge(arguments.settings);
  if (!arguments.conf.empty()) {
    job.script = TRY(ConfigScript::read(arguments.conf, environment));
    known.merge(job.script->settings().lines());
    if (!job.script->rc().empty()) job.init.rc = job.script->rc();
    if (job.arguments.name.empty()) job.arguments.name = job.script->settings().get_or(rootfs_setting, "");
    if (job.arguments.name.empty())
      return fail("config script " + job.script->path() + " does not say what to start",
                  "add a line like #ENROOT_ROOTFS=NAME");
  }
  job.settings = TRY(load_settings(known));
  if (!arguments.rc.empty()) job.init.rc = TRY_CONTEXT(read_file(arguments.rc), "rc script");
  job.init.login_shell = job.settings.login_shell;
  return job;
}

Result<int> run_job(const StartJob& job, const Environment& environment) {
  auto options = TRY(start_options(job.arguments, environment, job.settings));
  if (job.script) options.given.script = &*job.script;
  SandboxCommand inside;
  start_by_init(inside, TRY(config_of_container(job.settings, options)), job.settings.environment, job.init);
  bool remap_root = options.request.remap_root.value_or(job.settings.remap_root);
  auto [ours, theirs] = TRY(make_socket_pair());
  options.not_kept = {ours.get()};
  TerminalReporter reporter;
  Phase phase = Phase::request;
  auto running = TRY(start_container(std::move(options), job.settings, std::move(theirs), reporter, phase));
  inside.environment = command_environment(environment, running.started);
  inside.workdir = running.started.workdir;
  inside.pretend_ownership = confines_privilege(running.namespaces);
  inside.keep_capabilities = remap_root || !inside.pretend_ownership;
  inside.not_executed = [](const Error& error) { log::error(error.text()); };
  Child supervisor(running.supervisor);
  auto status = run_in_sandbox(running.namespaces, inside);
  running.namespaces.clear();
  ours.reset();
  TRY(supervisor.wait());  // the container is at rest when the prompt returns
  return shell_status(TRY(std::move(status)));
}

}  // namespace

void add_start_options(CLI::App& command, StartArguments& arguments, bool with_conf) {
  if (with_conf)
    command.add_option("-c,--conf", arguments.conf, "A config script, see 'pyxis help batch'")
        ->type_name("FILE");
  command.add_option("-e,--env", arguments.environment, "Set a variable, or pass it on (repeatable)")
      ->type_name("K[=V]")
      ->allow_extra_args(false);
  command.add_option("--rc", arguments.rc, "A shell script to start with instead of the image's")
      ->type_name("FILE");
  command.add_option("-m,--mount", arguments.mounts, "Mount SOURCE:TARGET:TYPE:OPTIONS (repeatable)")
      ->type_name("FSTAB")
      ->allow_extra_args(false);
  command
      .add_option("--device", arguments.devices,
                  "A device of the node by its CDI name, VENDOR/CLASS=NAME[,...] (repeatable)")
      ->type_name("DEVICE")
      ->allow_extra_args(false);
  command.add_flag("-r,--root", arguments.root, "Appear as root inside");
  command.add_flag("-w,--rw", arguments.writable, "Make the root file system writable");
  command.add_flag("--pid", arguments.pid, "Have process numbers of its own");
  command.add_flag("--net", arguments.net, "Have a network of its own (loopback only)");
  command.add_flag("--ipc", arguments.ipc, "Have IPC of its own");
  command.add_flag("--uts", arguments.uts, "Have a host name of its own");
  command.prefix_command();
  refuse_unknown_options(&command);
}

Result<int> run_start(const StartArguments& arguments, const std::vector<std::string>& command,
                      const Environment& environment) {
  auto job = TRY(prepare_job(arguments, environment));
  job.init.command = command;
  return run_job(job, environment);
}

}  // namespace pyxis::cli
