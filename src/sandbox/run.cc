// Running a command in a sandbox.
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>

#include "base/environment.h"
#include "base/pipe.h"
#include "base/text.h"
#include "nsjoin/seccomp.h"
#include "sandbox/capabilities.h"
#include "sandbox/child_report.h"
#include "sandbox/kernel_calls.h"
#include "sandbox/sandbox.h"
#include "sandbox/userns.h"

namespace pyxis {
namespace {

// The user namespace comes first in the set: being in it gives the privilege to join the others.
Result<void> join(const NamespaceSet& namespaces) {
  for (const auto& [kind, fd] : namespaces) {
    if (::setns(fd.get(), static_cast<int>(clone_flag(kind))) == 0) continue;
    auto error = sys_error(std::string("join the container's ") + namespace_name(kind) + " namespace");
    if (kind == Namespace::user && error.code == EINVAL)
      error.remedy = "this process has threads, or is in that namespace already";
    return error;
  }
  return ok();
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

std::string search_path(const std::vector<std::string>& environment) {
  for (const auto& line : environment)
    if (line.starts_with("PATH=")) return line.substr(5);
  return standard_path;
}

// execvpe(3), with the PATH of the new environment and the errno of the most telling failure.
Error execute(const SandboxCommand& command) {
  if (command.argv.empty() || command.argv[0].empty()) return sys_error("execute", ENOENT);
  auto argv = pointers(command.argv);
  auto envp = pointers(command.environment);
  const auto& name = command.program.empty() ? command.argv[0] : command.program;
  if (name.find('/') != name.npos) {
    ::execve(name.c_str(), argv.data(), envp.data());
    return sys_error("execute " + name);
  }
  int code = ENOENT;
  for (const auto& directory : split(search_path(command.environment), ':')) {
    auto path = (directory.empty() ? "." : directory) + "/" + name;
    ::execve(path.c_str(), argv.data(), envp.data());
    if (errno != ENOENT && errno != ENOTDIR) code = errno;
    if (code != ENOENT && code != EACCES) break;
  }
  return sys_error("execute " + name, code)
      .with_remedy(code == ENOENT ? "not found in the container's PATH" : "");
}

Result<void> settle(const SandboxCommand& command) {
  if (::chdir(command.workdir.c_str()) != 0) return sys_error("working directory " + command.workdir);
  if (command.pretend_ownership) TRY(install_ownership_filter());  // with the privilege that is dropped next
  if (!command.keep_capabilities) TRY(drop_capabilities());
  return ok();
}

Result<SandboxCommand> completed_inside(const SandboxCommand& command) {
  SandboxCommand completed = command;
  if (command.complete) TRY(command.complete(completed));
  return completed;
}

constexpr int not_executable_status = 126, not_found_status = 127;  // as a shell's

constexpr std::array forwarded = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH};

// Blocks what is forwarded and SIGCHLD for its lifetime; the child gets the former mask.
class SignalWatch {
 public:
  SignalWatch() {
    ::sigemptyset(&watched_);
    for (int number : forwarded) ::sigaddset(&watched_, number);
    ::sigaddset(&watched_, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &watched_, &before_);
  }
  ~SignalWatch() { restore(); }
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  void restore() const { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

  // The status of the child, once it has ended. A terminal's signals reach the child by themselves.
  Result<int> wait(pid_t pid) const {
    for (;;) {
      int status = 0;
      pid_t ended = ::waitpid(pid, &status, WNOHANG);
      if (ended == pid) return status;
      if (ended < 0 && errno != EINTR) return sys_error("wait for the command");
      siginfo_t info;
      int number = ::sigwaitinfo(&watched_, &info);
      if (number > 0 && number != SIGCHLD && info.si_code != SI_KERNEL) ::kill(pid, number);
    }
  }

 private:
  sigset_t watched_, before_;
};

struct CommandChild {
  int report;                          // written on failure, closed by a successful exec
  const SignalWatch* watch = nullptr;  // of who waits for the command's end

  [[noreturn]] void fail_with(const Error& error, bool executing = false) const {
    MessageWriter writer;
    writer.text(error.message);
    writer.text(error.remedy);
    writer.number(static_cast<uint64_t>(error.code));
    writer.number(executing);
    (void)send_message(report, writer.take()).ok();
    ::_exit(error.code == ENOENT ? not_found_status : not_executable_status);
  }

  // `parent`: as this process sees its parent, 0 from inside a pid namespace.
  [[noreturn]] void execute_now(const SandboxCommand& command, pid_t parent) const {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // joining a user namespace has cleared it
    if (::getppid() != parent) ::_exit(1);
    auto settled = settle(command);
    if (!settled.ok()) fail_with(settled.error());
    auto completed = completed_inside(command);
    if (!completed.ok()) fail_with(completed.error());
    if (watch) watch->restore();
    fail_with(execute(*completed), true);
  }

  // With a pid namespace the command is a child of this one, which passes its end on.
  [[noreturn]] void run(const NamespaceSet& namespaces, const SandboxCommand& command, pid_t parent) const {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    auto joined = join(namespaces);
    if (!joined.ok()) fail_with(joined.error());
    bool own_pids = std::any_of(namespaces.begin(), namespaces.end(),
                                [](auto& one) { return one.first == Namespace::pid; });
    if (!own_pids) execute_now(command, parent);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    pid_t inner = ::fork();
    if (inner < 0) fail_with(sys_error("fork in the container"));
    if (inner == 0) execute_now(command, 0);
    ::close(report);
    auto status = watch->wait(inner);
    if (!status.ok()) ::_exit(127);
    if (WIFSIGNALED(*status)) {
      struct sigaction standard = {};
      standard.sa_handler = SIG_DFL;
      ::sigaction(WTERMSIG(*status), &standard, nullptr);
      sigset_t one;
      ::sigemptyset(&one);
      ::sigaddset(&one, WTERMSIG(*status));
      ::prctl(PR_SET_DUMPABLE, 0);  // the command has left the core, if any
      ::kill(::getpid(), WTERMSIG(*status));
      ::sigprocmask(SIG_UNBLOCK, &one, nullptr);
    }
    ::_exit(shell_status(*status));
  }
};

// What the child could not do; nothing is said where the program itself could not be executed and somebody is
// told so.
Result<void> read_failure(int socket, const SandboxCommand& command) {
  auto message = receive_message(socket);
  if (!message.ok())
    return message.error().code == ECONNRESET ? ok() : Result<void>(std::move(message).error());
  MessageReader reader(message->body);
  Error error;
  error.message = TRY(reader.text());
  error.remedy = TRY(reader.text());
  error.code = static_cast<int>(TRY(reader.number()));
  bool executing = TRY(reader.number()) != 0;
  if (!executing || !command.not_executed) return error;
  command.not_executed(error);
  return ok();
}

}  // namespace

Result<int> run_in_sandbox(const NamespaceSet& namespaces, const SandboxCommand& command) {
  auto [ours, theirs] = TRY(make_socket_pair());
  SignalWatch watch;
  pid_t parent = ::getpid();
  pid_t pid = ::fork();
  if (pid < 0) return sys_error("fork");
  if (pid == 0) {
    ours.reset();
    CommandChild{theirs.get(), &watch}.run(namespaces, command, parent);
  }
  Child child(pid);
  theirs.reset();
  TRY(read_failure(ours.get(), command));
  auto status = watch.wait(child.pid());
  child.release();
  return status;
}

Result<Child> start_in_sandbox(const NamespaceSet& namespaces, const SandboxCommand& command) {
  auto [ours, theirs] = TRY(make_socket_pair());
  pid_t parent = ::getpid();
  pid_t pid = ::fork();
  if (pid < 0) return sys_error("fork");
  if (pid == 0) {
    ours.reset();
    CommandChild{theirs.get()}.run(namespaces, command, parent);
  }
  Child child(pid);
  theirs.reset();
  TRY(read_failure(ours.get(), command));
  return child;
}

}  // namespace pyxis
