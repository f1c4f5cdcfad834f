// Manifests and indexes: OCI image-spec (manifest.md, image-index.md, descriptor.md) and Docker image
// manifest version 2, schema 2. Untrusted bytes in, plain checked data out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "image/digest.h"
#include "image/platform.h"

namespace pyxis {

inline constexpr size_t max_manifest_bytes = 4u << 20;  // what registries accept, too
inline constexpr size_t max_config_bytes = 8u << 20;
inline constexpr size_t max_layers = 1024;
inline constexpr size_t max_index_entries = 4096;
inline constexpr std::uint64_t max_blob_bytes = 1ull << 48;

struct Descriptor {
  std::string media_type;
  Digest digest;
  std::uint64_t size = 0;  // bytes
  std::optional<Platform> platform;
};

struct Manifest {
  std::string media_type;
  Descriptor config;
  std::vector<Descriptor> layers;  // lowest first
};

struct Index {
  std::string media_type;
  std::vector<Descriptor> manifests;
};

// What to send as Accept when asking for a manifest.
extern const std::string_view manifest_accept;

// What the document says of itself decides its kind; `content_type` (may be empty) helps where it says
// nothing. A document that is both manifest and index is refused (CVE-2021-41190), so are schema 1, artefacts
// that are no container image, encrypted layers, and more or larger layers than the bounds above.
Result<std::variant<Manifest, Index>> parse_manifest(std::string_view bytes,
                                                     std::string_view content_type = {});

// The entry that fits best; the error lists the platforms the index has. An index of a single entry without a
// platform fits every machine.
Result<Descriptor> select_platform(const Index& index, const Platform& wanted);

}  // namespace pyxis
