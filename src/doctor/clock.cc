// Certificates and tokens are good from a time to a time.
#include <sys/timex.h>

#include "doctor/checks.h"

namespace pyxis::doctor {

Findings check_clock(const Context&) {
  timex state{};  // modes = 0: only read
  if (::adjtimex(&state) < 0) return {{"clock", Verdict::skip, sys_error("adjtimex").message, ""}};
  if ((state.status & STA_UNSYNC) != 0)
    return {{"clock", Verdict::warn, "nothing keeps it right: the kernel says that it is not synchronised",
             "run: timedatectl set-ntp true, or systemctl enable --now chronyd"}};
  return {{"clock", Verdict::pass, "kept right by a time service", ""}};
}

}  // namespace pyxis::doctor
