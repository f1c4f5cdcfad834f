#include "imagefile/limits.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>

namespace pyxis {

void adapt_limits() {
  struct rlimit files;
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  ::signal(SIGXFSZ, SIG_IGN);
}

Result<void> limit_memory(unsigned threads) {
  constexpr size_t stack_bytes = 8u << 20;
  pthread_attr_t attributes;
  size_t stack = 0;
  if (::pthread_getattr_default_np(&attributes) == 0) {
    if (::pthread_attr_getstacksize(&attributes, &stack) == 0 && stack > stack_bytes &&
        ::pthread_attr_setstacksize(&attributes, stack_bytes) == 0)
      ::pthread_setattr_default_np(&attributes);
    ::pthread_attr_destroy(&attributes);
  }
#ifndef __SANITIZE_ADDRESS__  // which maps more than any limit at its start
  constexpr rlim_t most = rlim_t{1} << 30, of_a_thread = 2 * stack_bytes;
  struct rlimit limit;
  if (::getrlimit(RLIMIT_DATA, &limit) != 0) return sys_error("limit of memory");
  limit.rlim_max = std::min(limit.rlim_max, most + threads * of_a_thread);
  limit.rlim_cur = std::min(limit.rlim_cur, limit.rlim_max);
  if (::setrlimit(RLIMIT_DATA, &limit) != 0) return sys_error("limit of memory");
#endif
  return ok();
}

}  // namespace pyxis
