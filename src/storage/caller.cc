#include "storage/caller.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>

#include "base/fs.h"
#include "base/process.h"

namespace pyxis {
namespace {

// Or the first file that is opened would be what messages are written to.
Result<void> fill_standard_descriptors() {
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != fd) return sys_error("/dev/null");
  return ok();
}

Result<void> become_root() {
  if (::setgroups(0, nullptr) != 0 || ::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0)
    return sys_error("become root");
  return ok();
}

void undo_limits() {
  for (auto resource :
       {RLIMIT_FSIZE, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_AS, RLIMIT_NPROC, RLIMIT_SIGPENDING, RLIMIT_STACK})
    raise_limit(resource, RLIM_INFINITY);
  constexpr rlimit nothing{0, 0};
  (void)::setrlimit(RLIMIT_CORE, &nothing);
}

void undo_timers_and_priority() {
  constexpr itimerval never{};
  for (auto timer : {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF}) (void)::setitimer(timer, &never, nullptr);
  sched_param normal{};
  (void)::sched_setscheduler(0, SCHED_OTHER, &normal);
  (void)::setpriority(PRIO_PROCESS, 0, 0);
}

Result<void> check_own_place() {
  auto problem = changeable_by_others(TRY(read_link("/proc/self/exe")));
  return problem ? Result<void>(fail(problem->text(), "install pyxis-storage where only root can write"))
                 : ok();
}

}  // namespace

void raise_limit(__rlimit_resource resource, rlim_t value) {
  rlimit limit{value, value};
  if (::setrlimit(resource, &limit) == 0 || ::getrlimit(resource, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(resource, &limit);
}

bool started_by_user() {
  return ::getuid() != 0;
}

Result<Owner> leave_caller_behind(int kept) {
  Owner caller{::getuid(), ::getgid()};
  TRY(become_root());
  TRY(fill_standard_descriptors());
  close_from(STDERR_FILENO + 1 + kept);
  reset_signals();
  undo_timers_and_priority();
  undo_limits();
  if (::clearenv() != 0 || ::setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1) != 0 ||
      ::setenv("LC_ALL", "C.UTF-8", 1) != 0)
    return sys_error("environment");
  if (::chdir("/") != 0) return sys_error("/");
  TRY(check_own_place());
  return caller;
}

}  // namespace pyxis
