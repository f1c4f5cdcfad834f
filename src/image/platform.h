// Operating system, architecture and variant (OCI image-spec, image-index.md, "platform").
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace pyxis {

struct Platform {
  std::string os = "linux";
  std::string architecture;  // GOARCH: amd64, arm64, ppc64le...
  std::string variant;       // v7, v8...; mostly empty

  std::string text() const;  // "linux/arm/v7"
  bool operator==(const Platform&) const = default;
};

// "arm64", "x86_64", "aarch64", "arm/v7", "linux/arm/v7": kernel's and Go's words for one architecture are
// one. Error for an empty part or a word with other than letters, digits, '.', '_' and '-'.
Result<Platform> parse_platform(std::string_view text);

// Error, with those known, for an architecture that no image can be for (GOARCH; `go tool dist list`).
Result<void> check_architecture(const Platform& platform);

// What this machine runs, by uname(2).
Platform host_platform();

// How well an image for `offered` fits a machine that wants `wanted`: larger is better, negative is not at
// all. A machine runs the older variants of its own architecture; "arm64" is v8, "arm" v7, "amd64" v1 where
// none is said.
int platform_fit(const Platform& offered, const Platform& wanted);

}  // namespace pyxis
