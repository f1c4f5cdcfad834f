#include "image/digest.h"

#include <nettle/nettle-meta.h>
#include <nettle/sha2.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace pyxis {
namespace {

struct Algorithm {
  std::string_view name;
  const nettle_hash* hash;
};
constexpr std::array algorithms = {Algorithm{"sha256", &nettle_sha256}, Algorithm{"sha512", &nettle_sha512}};

const Algorithm* find_algorithm(std::string_view name) {
  auto found = std::ranges::find(algorithms, name, &Algorithm::name);
  return found == algorithms.end() ? nullptr : found;
}

std::string to_hex(std::span<const unsigned char> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (auto byte : bytes) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

}  // namespace

Digest Digest::of(std::string_view data) {
  Hasher hasher;
  hasher.update(std::as_bytes(std::span(data)));
  return hasher.finish();
}

struct Hasher::State {
  const Algorithm* algorithm;
  std::unique_ptr<std::byte[]> context;  // operator new[] aligns it for any type
};

Hasher::Hasher(const std::string& algorithm) : state_(std::make_unique<State>()) {
  state_->algorithm = find_algorithm(algorithm);
  // A checked Digest names a known algorithm.
  if (!state_->algorithm) throw std::logic_error("unknown digest algorithm " + algorithm);
  state_->context = std::make_unique<std::byte[]>(state_->algorithm->hash->context_size);
  state_->algorithm->hash->init(state_->context.get());
}

Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;

void Hasher::update(std::span<const std::byte> data) {
  state_->algorithm->hash->update(state_->context.get(), data.size(),
                                  reinterpret_cast<const uint8_t*>(data.data()));
}

Digest Hasher::finish() {
  std::array<unsigned char, SHA512_DIGEST_SIZE> bytes;
  const auto& hash = *state_->algorithm->hash;
  hash.digest(state_->context.get(), hash.digest_size, bytes.data());
  Digest digest;
  digest.algorithm_ = state_->algorithm->name;
  digest.hex_ = to_hex({bytes.data(), hash.digest_size});
  return digest;
}

}  // namespace pyxis
