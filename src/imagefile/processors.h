// How many threads are worth their while.
#pragma once

#include <sched.h>

#include <algorithm>

namespace pyxis {

// Those that this process may run on. More do not read faster, and each has a stack and buffers.
inline unsigned usable_processors() {
  constexpr unsigned most = 32;
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::clamp(static_cast<unsigned>(CPU_COUNT(&set)), 1u, most);
}

}  // namespace pyxis
