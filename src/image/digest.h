// The hash that digests (contract/digest.h) are of.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "contract/digest.h"

namespace pyxis {

// Hashes a stream with the algorithm of the digest it is to be compared with.
class Hasher {
 public:
  // `algorithm` as a checked Digest names it; throws std::logic_error for any other.
  explicit Hasher(const std::string& algorithm = "sha256");
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  void update(std::span<const std::byte> data);
  Digest finish();  // once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pyxis
