#include "spank/keeper.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>

#include "base/text.h"
#include "spank/environment_rules.h"

namespace pyxis::spank {
namespace {

pid_t keeper_process;
std::atomic<pid_t> command_process;

void pass_on(int number) {
  int code = errno;
  ::kill(command_process, number);
  errno = code;
}

void set_handlers(bool pass) {
  constexpr std::array kept = {SIGKILL, SIGSTOP, SIGCONT, SIGSEGV, SIGBUS, SIGABRT, SIGCHLD};
  struct sigaction action {};
  action.sa_flags = SA_RESTART;
  action.sa_handler = SIG_IGN;
  if (pass) action.sa_handler = pass_on;
  for (int number = 1; number < NSIG; ++number)
    if (std::ranges::find(kept, number) == kept.end()) ::sigaction(number, &action, nullptr);
}

// This is a copy of slurmstepd, with the pipes of all its tasks: held open here, nobody would see their end.
// Slurm's own log is among what is closed, so nothing of Slurm's may be called afterwards.
void let_go_of_descriptors() {
  int null = ::open("/dev/null", O_RDWR);
  for (int standard : {STDIN_FILENO, STDOUT_FILENO}) ::dup2(null, standard);
  close_from(STDERR_FILENO + 1);
}

// Its memory is root's still, though it runs as the user: he gets no core file of it, and cannot trace it.
void forbid_looking() {
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::prctl(PR_SET_DUMPABLE, 0);
}

// As lines of slurmstepd's reach the user.
void say(std::string_view prefix, const std::string& text) {
  for (const auto& line : split(text, '\n')) {
    if (line.empty()) continue;
    auto whole = std::string(prefix) + "pyxis: " + printable(line) + "\n";
    [[maybe_unused]] auto written = ::write(STDERR_FILENO, whole.data(), whole.size());
  }
}

// Signals are passed on until the command ends, and no longer: its number is somebody else's once it is
// reaped.
int wait_for_command() {
  siginfo_t ended;
  while (::waitid(P_PID, static_cast<id_t>(command_process), &ended, WEXITED | WNOWAIT) < 0 &&
         errno == EINTR) {
  }
  set_handlers(false);
  int status = W_EXITCODE(1, 0);
  ::waitpid(command_process, &status, 0);
  return status;
}

[[noreturn]] void end_as(int status, bool failed) {
  if (WIFEXITED(status)) ::_exit(failed && WEXITSTATUS(status) == 0 ? 1 : WEXITSTATUS(status));
  int number = WTERMSIG(status);
  ::signal(number, SIG_DFL);
  ::raise(number);
  ::_exit(128 + number);
}

struct Save {
  SaveRequest request;
  EngineProcess process;
  std::string headline;
  bool alone = false;  // the step's only task: progress is for one reader
};

bool save(Engine& engine, const Save& save) {
  if (save.alone) say("", "saving container to " + save.request.path);
  auto saved = engine.save(save.request, save.process);
  if (saved.ok() && save.alone) say("", "saved container to " + save.request.path);
  // One that is killed with its step is no news.
  if (!saved.ok() && saved.error().code != ECANCELED)
    say("slurmstepd: error: ", save.headline + "\n" + saved.error().text());
  return saved.ok();
}

[[noreturn]] void keep(Step& step, Engine& engine, const Save& what, Child started) {
  engine.reap(std::move(started));
  int status = wait_for_command();
  bool last = step.rendezvous->last_to_end(step.job.local_tasks);
  bool failed = last && step.rendezvous->was_entered() && !save(engine, what);
  end_as(status, failed);
}

}  // namespace

Result<std::string> save_path(const Step& step) {
  const auto& path = step.options.save;
  if (path.empty() || path.front() == '/') return path;
  return TRY(working_directory()) + "/" + path;
}

Result<void> leave_keeper(SlurmApi& api, Step& step, Engine& engine, Child started) {
  auto path = TRY(save_path(step));
  Save what{{step.container, path, step.runtime_dir},
            {engine_environment(api.environment(), step.job.account), std::nullopt},
            failure_headline(Phase::save, step.container, step.options.image),
            step.job.total_tasks == 1 || step.job.batch()};
  sigset_t all, before;
  ::sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, &before);
  keeper_process = ::getpid();
  pid_t command = ::fork();
  if (command < 0) {
    auto error = sys_error("fork");
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    return error;
  }
  if (command > 0) {
    command_process = command;
    // By this it is one of the processes to be killed with the step: proctrack/linuxproc spares those that
    // are called slurmstepd.
    ::prctl(PR_SET_NAME, "pyxis-keeper");
    forbid_looking();
    set_handlers(step.job.batch());
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    let_go_of_descriptors();
    keep(step, engine, what, std::move(started));
  }
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  (void)started.release();  // it is the keeper's child
  api.set_environment("SLURM_TASK_PID", std::to_string(::getpid()));
  return ok();
}

Result<void> end_with_keeper(Step& step) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return sys_error("prctl");
  if (::getppid() != keeper_process) return sys_error("the task's keeper", ESRCH);
  step.rendezvous->note_entered();
  return ok();
}

}  // namespace pyxis::spank
