// One gzip member at a time (RFC 1952): ISA-L's igzip where it is to be had, zlib elsewhere, behind one
// interface.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/result.h"

namespace pyxis {

class GzipMember {
 public:
  struct Step {
    size_t consumed = 0, produced = 0;
    bool finished = false;  // the member's trailer has been read and its checksum holds
  };

  GzipMember();
  ~GzipMember();
  GzipMember(const GzipMember&) = delete;
  GzipMember& operator=(const GzipMember&) = delete;

  // Takes from `input`, puts into `output`. A step that neither consumes, produces nor finishes needs more
  // input.
  Result<Step> step(std::span<const std::byte> input, std::span<std::byte> output);
  // After `finished`: ready for the next member's header.
  void restart();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pyxis
