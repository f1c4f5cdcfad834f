#include <fcntl.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "cli/command.h"
#include "sandbox/sandbox.h"

namespace pyxis::cli {
namespace {

struct ExecArguments {
  int pid = 0;
  std::vector<std::string> environment;
};

Result<Environment> environment_of(int pid) {
  auto text = TRY(read_file("/proc/" + std::to_string(pid) + "/environ"));
  return Environment::from(split(text, '\0'));
}

// The kinds of namespace in which the process differs from this one: only those can and must be joined.
std::vector<Namespace> foreign_namespaces(int pid) {
  std::vector<Namespace> foreign;
  for (const auto& [kind, name] : namespace_files) {
    struct stat own, theirs;
    auto path = std::string("/ns/") + name;
    if (::stat(("/proc/self" + path).c_str(), &own) == 0 &&
        ::stat(("/proc/" + std::to_string(pid) + path).c_str(), &theirs) == 0 && own.st_ino != theirs.st_ino)
      foreign.push_back(kind);
  }
  return foreign;
}

// In the container of that process one is root.
bool appears_as_root(int pid) {
  auto map = read_file("/proc/" + std::to_string(pid) + "/uid_map");
  return map.ok() && trim(*map).starts_with("0 ");
}

Result<int> exec(const ExecArguments& arguments, const std::vector<std::string>& command,
                 const Environment& caller) {
  if (command.empty()) return fail("no command given", "pyxis exec PID COMMAND [ARGUMENT...]");
  auto kinds = foreign_namespaces(arguments.pid);
  if (kinds.empty())
    return fail("process " + std::to_string(arguments.pid) + " does not run in a container of yours",
                "'pyxis list -f' shows the processes that do");
  SandboxCommand inside;
  auto environment =
      TRY_CONTEXT(environment_of(arguments.pid), "environment of process " + std::to_string(arguments.pid));
  for (const auto& line : arguments.environment) {
    if (line.find('=') != line.npos)
      environment.merge({line});
    else if (auto value = caller.get(line))
      environment.set(line, *value);
  }
  inside.argv = command;
  inside.environment = environment.lines();
  inside.keep_capabilities = appears_as_root(arguments.pid);
  inside.not_executed = [](const Error& error) { log::error(error.text()); };
  auto namespaces = TRY(open_namespaces(arguments.pid, kinds));
  inside.pretend_ownership = confines_privilege(namespaces);
  return shell_status(TRY(run_in_sandbox(namespaces, inside)));
}

}  // namespace

Action add_exec(CLI::App& app, const Environment& environment) {
  auto* command = app.add_subcommand("exec", "Run a command in the container of a running process");
  auto arguments = std::make_shared<ExecArguments>();
  command->add_option("PID", arguments->pid, "The process, see 'pyxis list -f'")->required();
  command->add_option("-e,--env", arguments->environment, "Set a variable, or pass it on (repeatable)")
      ->type_name("K[=V]")
      ->allow_extra_args(false);
  command->prefix_command();
  refuse_unknown_options(command);
  command->footer("The command gets the environment of that process.");
  return [arguments, command, &environment] { return exec(*arguments, command->remaining(), environment); };
}

}  // namespace pyxis::cli
