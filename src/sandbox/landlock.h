// Which files this process may reach from here on. Documentation/userspace-api/landlock.rst.
#pragma once

#include <linux/landlock.h>

#include <cstdint>
#include <span>

#include "base/result.h"

namespace pyxis {

// Rights of later versions than the first, which older headers do not have.
constexpr uint64_t right_to_refer = 1u << 13;       // to link and rename from one directory to another: 2
constexpr uint64_t right_to_truncate = 1u << 14;    // version 3
constexpr uint64_t right_to_use_device = 1u << 15;  // ioctl(2) of a device: 5

// Everything that can be done with files, as far as this kernel's Landlock knows it. 0: it has none.
uint64_t rights_over_files();

// A place where files are to be reached, as a directory or file (O_PATH will do), and how. -1: none.
struct Reach {
  int place = -1;
  uint64_t rights = 0;
};

// Takes away `rights` over all files but those of `reach`, which are added up. What is open already stays
// usable. Rights that this kernel's Landlock does not know stay. Needs no_new_privs.
Result<void> keep_files(uint64_t rights, std::span<const Reach> reach);
inline Result<void> keep_files(uint64_t rights, const Reach& reach) {
  return keep_files(rights, std::span(&reach, 1));
}

}  // namespace pyxis
