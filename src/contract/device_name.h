// Names of devices as users write them: VENDOR/CLASS=NAME, as "nvidia.com/gpu=0" (Container Device Interface,
// SPEC.md, "Kind" and "Device names").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pyxis {

struct DeviceName {
  std::string kind;  // VENDOR/CLASS
  std::string name;

  std::string text() const { return kind + "=" + name; }
  auto operator<=>(const DeviceName&) const = default;
};

// The name of a device that stands for what Slurm has allocated, unless a device is really called so.
inline constexpr std::string_view allocated_devices = "slurm";
// In the place of a list: no device.
inline constexpr std::string_view no_devices = "none";

// Errors name the text and the part that is wrong.
Result<DeviceName> parse_device_name(std::string_view text);
Result<void> check_device_kind(std::string_view kind);
Result<void> check_device(std::string_view name);  // what stands behind the '='

// Names with commas between them, each once; `none` is the empty list.
Result<std::vector<std::string>> parse_device_list(std::string_view text);

}  // namespace pyxis
