// The kernel's number of a file of a served image: the reference of its inode, but that the top's is given.
#pragma once

#include <cstdint>

#include "squash/reader.h"

namespace pyxis::squash {

constexpr uint64_t top_number = 1;  // FUSE_ROOT_ID; 0 means none

inline uint64_t number_of(const SquashReader& image, uint64_t reference) {
  return reference == image.root() ? top_number : reference + 2;
}

inline uint64_t reference_of(const SquashReader& image, uint64_t number) {
  return number == top_number ? image.root() : number - 2;
}

}  // namespace pyxis::squash
