#include "image/platform.h"

#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"

namespace pyxis {
namespace {

struct Alias {
  std::string_view name, architecture, variant;
};
constexpr std::array aliases = {
    Alias{"x86_64", "amd64", ""},    Alias{"x86-64", "amd64", ""},
    Alias{"aarch64", "arm64", ""},   Alias{"armv8l", "arm", "v7"},
    Alias{"armv7l", "arm", "v7"},    Alias{"armhf", "arm", "v7"},
    Alias{"armv6l", "arm", "v6"},    Alias{"armel", "arm", "v6"},
    Alias{"i386", "386", ""},        Alias{"i486", "386", ""},
    Alias{"i586", "386", ""},        Alias{"i686", "386", ""},
    Alias{"ppc64el", "ppc64le", ""}, Alias{"loongarch64", "loong64", ""},
};

constexpr std::array<std::string_view, 12> architectures = {"386",     "amd64",   "arm",      "arm64",
                                                            "loong64", "mips64",  "mips64le", "ppc64",
                                                            "ppc64le", "riscv64", "s390x",    "wasm"};

bool word(std::string_view text) {
  return !text.empty() && text.size() <= 32 && text.front() != '.' && std::ranges::all_of(text, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
}

// The number in "v7", or what the architecture means without one.
int variant_level(const Platform& platform) {
  if (platform.variant.size() > 1 && platform.variant[0] == 'v')
    if (auto level = parse_number<int>(std::string_view(platform.variant).substr(1)); level && *level >= 0)
      return *level;
  if (!platform.variant.empty()) return -1;
  if (platform.architecture == "arm64") return 8;
  if (platform.architecture == "arm") return 7;
  if (platform.architecture == "amd64") return 1;
  return 0;
}

}  // namespace

std::string Platform::text() const {
  return os + "/" + architecture + (variant.empty() ? "" : "/" + variant);
}

Result<Platform> parse_platform(std::string_view text) {
  auto parts = split(to_lower(text), '/');
  if (parts.size() > 3 || !std::ranges::all_of(parts, word))
    return fail("platform '" + printable(text.substr(0, 100)) + "' is not valid",
                "write for example amd64, arm64 or linux/arm/v7");
  Platform platform;
  bool leading_os = parts.size() == 3 || (parts.size() == 2 && !parts[1].starts_with('v'));
  size_t next = 0;
  if (leading_os) platform.os = parts[next++];
  platform.architecture = parts[next++];
  auto alias = std::ranges::find(aliases, platform.architecture, &Alias::name);
  if (alias != aliases.end()) {
    platform.architecture = alias->architecture;
    platform.variant = alias->variant;
  }
  if (next < parts.size()) platform.variant = parts[next];
  return platform;
}

Result<void> check_architecture(const Platform& platform) {
  if (std::ranges::find(architectures, platform.architecture) != architectures.end()) return ok();
  return fail("unknown architecture '" + printable(platform.architecture) + "'",
              "known are " + join({architectures.begin(), architectures.end()}, ", "));
}

Platform host_platform() {
  utsname name = {};
  ::uname(&name);
  auto platform = parse_platform(std::string_view(name.machine));
  if (platform.ok()) return *platform;
  Platform unknown;
  unknown.architecture = "unknown";
  return unknown;
}

int platform_fit(const Platform& offered, const Platform& wanted) {
  if (offered.os != wanted.os || offered.architecture != wanted.architecture) return -1;
  if (offered.variant == wanted.variant) return 1000;
  int has = variant_level(offered), wants = variant_level(wanted);
  if (has < 0 || wants < 0 || has > wants) return -1;
  return std::min(has, 999);
}

}  // namespace pyxis
