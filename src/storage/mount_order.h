// What the keeper says to the parent over their socket pair: the digest of an image, in hex and nothing else.
// First the parent says that it is ready, by an answer without mounts. The answers to orders: as many of
// these as it takes, each with the next descriptors of detached mounts, top first.
#pragma once

#include <cstdint>

#include "base/fd.h"
#include "base/result.h"
#include "contract/digest.h"

namespace pyxis {

constexpr size_t mounts_per_answer = 8;
constexpr size_t max_hex_length = 128;  // of sha512, the longest

struct MountAnswer {
  int32_t code = 0;   // errno
  uint32_t left = 0;  // mounts that come with further answers
};

}  // namespace pyxis
