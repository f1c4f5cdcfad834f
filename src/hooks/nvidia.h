// GPUs through nvidia-container-cli of libnvidia-container, which knows what belongs to a driver. The
// variables are those of NVIDIA's container toolkit (its user guide, "Environment variables").
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hooks/hook.h"

namespace pyxis {

// nvidia-container-cli's arguments, without the program and the root file system that come first and last.
// Nothing where NVIDIA_VISIBLE_DEVICES is unset, empty or `void`. Error: a capability that there is not.
//
//   NVIDIA_VISIBLE_DEVICES        --device=, indexes or UUIDs or `all`; `none`: driver, but no GPU
//   NVIDIA_DRIVER_CAPABILITIES    --compute, --utility...; default compute,utility
//   NVIDIA_REQUIRE_*              --require=, unless NVIDIA_DISABLE_REQUIRE; CUDA_VERSION for
//   NVIDIA_REQUIRE_CUDA NVIDIA_MIG_CONFIG_DEVICES, NVIDIA_MIG_MONITOR_DEVICES, NVIDIA_IMEX_CHANNELS
//   ENROOT_NVIDIA_LDCACHE         --ldcache=, the node's cache of the dynamic linker where it is not the
//   usual
Result<std::optional<std::vector<std::string>>> nvidia_arguments(const HookContext& context,
                                                                 const std::string& ldconfig);

}  // namespace pyxis
