#include "engine/background.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/fd.h"

namespace pyxis {

void detach_from_task(const char* name) {
  ::setsid();
  Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int standard : {0, 1, 2}) ::dup2(null.get(), standard);
  ::prctl(PR_SET_NAME, name);
  [[maybe_unused]] int changed = ::chdir("/");
}

void ignore_signals() {
  constexpr std::array kept = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGABRT, SIGCHLD};
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  for (int number = 1; number < NSIG; ++number)
    if (std::ranges::find(kept, number) == kept.end()) ::sigaction(number, &ignore, nullptr);
}

}  // namespace pyxis
