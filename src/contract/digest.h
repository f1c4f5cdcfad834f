// Content digests: "sha256:<64 hex digits>" (OCI image-spec, descriptor.md, Digests), as text.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pyxis {

struct DigestAlgorithm {
  std::string_view name;
  size_t hex_length;
};
inline constexpr std::array digest_algorithms = {DigestAlgorithm{"sha256", 64},
                                                 DigestAlgorithm{"sha512", 128}};

// A digest whose text has been checked: sha256 (or sha512) and lower-case hex of the right length, so it is
// safe in a path.
class Digest {
 public:
  Digest() = default;
  // Error names the text (made printable) where algorithm or hex part is not acceptable.
  static Result<Digest> parse(std::string_view text);
  // Of a whole buffer, sha256. In image/digest.cc, with the hash: the plugin has none.
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

}  // namespace pyxis
