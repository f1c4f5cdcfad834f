// Content digests: "sha256:<64 hex digits>" (OCI image-spec, descriptor.md, Digests), and the hash itself.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pyxis {

// A digest whose text has been checked: sha256 (or sha512) and lower-case hex of the right length, so it is
// safe in a path.
class Digest {
 public:
  Digest() = default;
  // Error names the text (made printable) where algorithm or hex part is not acceptable.
  static Result<Digest> parse(std::string_view text);
  // Of a whole buffer, sha256.
  static Digest of(std::string_view data);

  const std::string& algorithm() const { return algorithm_; }
  const std::string& hex() const { return hex_; }
  std::string text() const { return algorithm_ + ":" + hex_; }
  bool empty() const { return hex_.empty(); }
  auto operator<=>(const Digest&) const = default;

 private:
  friend class Hasher;
  std::string algorithm_, hex_;
};

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
