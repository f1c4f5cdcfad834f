#include "base/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>

#include "base/fs.h"
#include "base/text.h"

namespace pyxis {
namespace {

std::vector<char*> c_strings(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const auto& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

void reset_signals() {
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Between fork and exec: no allocation. Two passes, so that no target number overwrites a source still needed.
bool place_descriptors(const std::vector<std::pair<int, int>>& wanted, int* scratch) {
  for (size_t i = 0; i < wanted.size(); ++i)
    if ((scratch[i] = ::fcntl(wanted[i].first, F_DUPFD_CLOEXEC, 64)) < 0) return false;
  for (size_t i = 0; i < wanted.size(); ++i)
    if (::dup2(scratch[i], wanted[i].second) < 0) return false;
  return true;
}

}  // namespace

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
  pid_t pid = ::fork();
  if (pid < 0) return sys_error("fork");
  if (pid == 0) {
    reset_signals();
    if (place_descriptors(request.descriptors, scratch.data()))
      ::execve(request.program.c_str(), argv.data(), envp.data());
    int code = errno;
    [[maybe_unused]] auto written = ::write(report_fd, &code, sizeof code);
    ::_exit(127);
  }
  Child child(pid);
  write_end.reset();
  int code = 0;
  ssize_t got;
  while ((got = ::read(read_end.get(), &code, sizeof code)) < 0 && errno == EINTR) {
  }
  if (got == sizeof code) return sys_error("execute " + request.program, code);
  return child;
}

std::string describe_wait_status(int status) {
  if (WIFEXITED(status)) return "exited with status " + std::to_string(WEXITSTATUS(status));
  if (!WIFSIGNALED(status)) return "stopped";
  int number = WTERMSIG(status);
  const char* name = ::sigdescr_np(number);
  return "killed by signal " + std::to_string(number) + " (" + (name ? name : "unknown") + ")";
}

int shell_status(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

Result<ProcessIdentity> identify_process(pid_t pid) {
  ProcessIdentity identity{pid, 0, std::string(trim(TRY(read_file("/proc/sys/kernel/random/boot_id"))))};
  auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  if (!stat.ok()) {
    if (::kill(pid, 0) != 0 && errno == ESRCH) return sys_error("process " + std::to_string(pid), ESRCH);
    return identity;
  }
  // Field 2 is the name in parentheses and may hold anything; field 22 is the start time (proc_pid_stat(5)).
  auto fields = split(stat->substr(stat->rfind(')') + 2), ' ');
  constexpr size_t start_time_after_name = 19;
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

}  // namespace pyxis
