#include "contract/digest.h"

#include <algorithm>

#include "base/text.h"

namespace pyxis {
namespace {

bool lower_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

}  // namespace

Result<Digest> Digest::parse(std::string_view text) {
  constexpr size_t shown = 160;
  auto named = [&] { return "digest '" + printable(text.substr(0, shown)) + "'"; };
  auto colon = text.find(':');
  if (colon == text.npos)
    return fail(named() + ": no algorithm", "write it as sha256:<64 hexadecimal digits>");
  const auto* algorithm = std::ranges::find(digest_algorithms, text.substr(0, colon), &DigestAlgorithm::name);
  if (algorithm == digest_algorithms.end())
    return fail(named() + ": unknown algorithm", "use sha256 or sha512");
  auto hex = text.substr(colon + 1);
  if (hex.size() != algorithm->hex_length || !std::ranges::all_of(hex, lower_hex))
    return fail(named() + ": not " + std::to_string(algorithm->hex_length) +
                " lower-case hexadecimal digits");
  Digest digest;
  digest.algorithm_ = algorithm->name;
  digest.hex_ = hex;
  return digest;
}

}  // namespace pyxis
