#include "base/process.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <memory>

#include "base/fs.h"
#include "base/text.h"

namespace pyxis {
namespace {

// How long a child may take from its clone to the program: a user can stop it in between.
constexpr std::chrono::seconds exec_deadline{10};

std::vector<char*> c_strings(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const auto& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Between clone and exec: no allocation. Two passes, so that no target number overwrites a source still
// needed.
bool place_descriptors(const std::vector<std::pair<int, int>>& wanted, int* scratch) {
  for (size_t i = 0; i < wanted.size(); ++i)
    if ((scratch[i] = ::fcntl(wanted[i].first, F_DUPFD_CLOEXEC, 64)) < 0) return false;
  for (size_t i = 0; i < wanted.size(); ++i)
    if (::dup2(scratch[i], wanted[i].second) < 0) return false;
  return true;
}

// One above the descriptors that there can be.
int descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  constexpr rlim_t enough = 1 << 16;
  return static_cast<int>(limit.rlim_cur < enough ? limit.rlim_cur : enough);
}

// close_range(2) is of Linux 5.9 and its O_CLOEXEC flag of 5.11; before, one descriptor at a time.
void close_at_exec_from(int first) {
  constexpr unsigned close_range_cloexec = 1u << 2;
  if (::syscall(SYS_close_range, first, ~0u, close_range_cloexec) == 0) return;
  for (int fd = first, end = descriptor_limit(); fd < end; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

// The system calls themselves: glibc's wrappers would change the parent's threads too.
bool become(const Identity& identity) {
  return ::syscall(SYS_setgroups, identity.groups.size(), identity.groups.data()) == 0 &&
         ::syscall(SYS_setresgid, identity.gid, identity.gid, identity.gid) == 0 &&
         ::syscall(SYS_setresuid, identity.uid, identity.uid, identity.uid) == 0;
}

// Between clone and exec. The parent's death is asked for after the change of identity, which clears the
// request (prctl(2)); a parent that died before that is noticed by its pid.
bool prepare_child(const SpawnRequest& request, pid_t parent, int* scratch) {
  reset_signals();
  if (!place_descriptors(request.descriptors, scratch)) return false;
  int highest = STDERR_FILENO;
  for (const auto& [here, there] : request.descriptors) highest = there > highest ? there : highest;
  if (request.close_others) close_at_exec_from(highest + 1);
  if (request.identity && !become(*request.identity)) return false;
  if (request.own_group && ::setpgid(0, 0) != 0) return false;
  if (request.no_new_privileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  if (request.parent_death_signal != 0) {
    if (::prctl(PR_SET_PDEATHSIG, request.parent_death_signal, 0, 0, 0) != 0) return false;
    if (::getppid() != parent) ::_exit(127);
  }
  return request.directory.empty() || ::chdir(request.directory.c_str()) == 0;
}

// What the child of spawn() works on.
struct Launch {
  const SpawnRequest& request;
  char** argv;
  char** envp;
  int* scratch;
  pid_t parent;
  int report;  // where the child writes errno when it cannot execute the program; closed by execve
};

int run_launch(void* argument) {
  const auto& launch = *static_cast<Launch*>(argument);
  if (prepare_child(launch.request, launch.parent, launch.scratch))
    ::execve(launch.request.program.c_str(), launch.argv, launch.envp);
  int code = errno;
  [[maybe_unused]] auto written = ::write(launch.report, &code, sizeof code);
  ::_exit(127);
}

// A child like that of posix_spawn(3): with its parent's memory instead of a copy, and the parent standing
// still until execve. One that becomes somebody else gets a copy, and is not waited for here: its new user
// may stop or trace it.
pid_t clone_child(Launch& launch) {
  constexpr size_t stack_size = 64 << 10;
  auto stack = std::make_unique_for_overwrite<std::byte[]>(stack_size);
  int memory = launch.request.identity ? 0 : CLONE_VM | CLONE_VFORK;
  // No signal may reach the child while it has this process's memory: a handler would act on it.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t pid = ::clone(run_launch, stack.get() + stack_size, memory | SIGCHLD, &launch);
  int code = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = code;
  return pid;
}

}  // namespace

void reset_signals() {
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void close_from(int first) {
  if (::syscall(SYS_close_range, first, ~0u, 0) == 0) return;
  for (int fd = first, end = descriptor_limit(); fd < end; ++fd) ::close(fd);
}

Child& Child::operator=(Child&& other) noexcept {
  std::swap(pid_, other.pid_);
  return *this;
}

Child::~Child() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Result<void> Child::await_end() const {
  siginfo_t ended;
  while (::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOWAIT) < 0)
    if (errno != EINTR) return sys_error("wait for process " + std::to_string(pid_));
  return ok();
}

Result<int> Child::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0)
    if (errno != EINTR) return sys_error("wait for process " + std::to_string(pid_));
  pid_ = -1;
  return status;
}

Result<Child> spawn(const SpawnRequest& request) {
  auto argv = c_strings(request.arguments);
  auto envp = c_strings(request.environment);
  std::vector<int> scratch(request.descriptors.size());
  std::array<int, 2> report;
  if (::pipe2(report.data(), O_CLOEXEC) != 0) return sys_error("pipe");
  Fd read_end(report[0]), write_end(report[1]);
  int report_fd = ::fcntl(write_end.get(), F_DUPFD_CLOEXEC, 64);  // out of the way of the wanted numbers
  if (report_fd < 0) return sys_error("dup");
  write_end.reset(report_fd);
  Launch launch{request, argv.data(), envp.data(), scratch.data(), ::getpid(), report_fd};
  pid_t pid = clone_child(launch);
  if (pid < 0) return sys_error("clone");
  Child child(pid);
  write_end.reset();
  if (!readable_within(read_end.get(), exec_deadline)) {
    child.end_within(exec_deadline);
    return fail("execute " + request.program + ": the new process did not get so far within " +
                std::to_string(exec_deadline.count()) + " s, and was killed");
  }
  int code = 0;
  if (::read(read_end.get(), &code, sizeof code) == sizeof code)
    return sys_error("execute " + request.program, code);
  return child;
}

std::optional<int> Child::end_within(std::chrono::seconds limit) {
  if (pid_ <= 0) return std::nullopt;
  // Kernels before 5.3 have no pidfd: there the process's word that it ends must do.
  if (auto pidfd = open_pidfd(pid_); pidfd.ok() && !readable_within(pidfd->get(), limit)) {
    ::kill(pid_, SIGKILL);
    if (!readable_within(pidfd->get(), limit)) {
      pid_ = -1;
      return std::nullopt;
    }
  }
  auto status = wait();
  return status.ok() ? std::optional(*status) : std::nullopt;
}

std::string describe_wait_status(int status) {
  if (WIFEXITED(status)) return "exited with status " + std::to_string(WEXITSTATUS(status));
  if (!WIFSIGNALED(status)) return "stopped";
  int number = WTERMSIG(status);
  const char* name = ::sigdescr_np(number);
  return "killed by signal " + std::to_string(number) + " (" + (name ? name : "unknown") + ")";
}

int shell_status(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Result<ProcessIdentity> identify_process(pid_t pid) {
  ProcessIdentity identity{pid, 0, std::string(trim(TRY(read_file("/proc/sys/kernel/random/boot_id"))))};
  auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  if (!stat.ok()) {
    if (::kill(pid, 0) != 0 && errno == ESRCH) return sys_error("process " + std::to_string(pid), ESRCH);
    return identity;
  }
  // Field 2 is the name in parentheses and may hold anything; field 22 is the start time (proc_pid_stat(5)).
  auto fields = split(stat->substr(stat->rfind(')') + 2), ' ');
  constexpr size_t state_after_name = 0, start_time_after_name = 19;
  if (fields[state_after_name] == "Z" ||
      fields[state_after_name] == "X")  // ended, and its parent has not waited for it
    return sys_error("process " + std::to_string(pid), ESRCH);
  if (fields.size() > start_time_after_name)
    identity.start_time = parse_number<unsigned long long>(fields[start_time_after_name]).value_or(0);
  return identity;
}

bool process_alive(const ProcessIdentity& identity) {
  auto now = identify_process(identity.pid);
  return now.ok() && now->boot_id == identity.boot_id && now->start_time == identity.start_time;
}

Result<Fd> open_pidfd(pid_t pid) {
  long fd = ::syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0) return sys_error("pidfd_open " + std::to_string(pid));
  return Fd(static_cast<int>(fd));
}

UmaskScope::UmaskScope(mode_t mask) : before_(::umask(mask)) {}
UmaskScope::~UmaskScope() {
  ::umask(before_);
}

}  // namespace pyxis
