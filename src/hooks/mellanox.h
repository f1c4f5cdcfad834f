// InfiniBand host channel adapters, for containers whose /dev has not all of the node's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pyxis {

// The names in /dev/infiniband of the adapters `wanted`: "all", or indexes "0,2" in the order of their names
// (mlx5_0, mlx5_1...); of those what is there, and rdma_cm. None for "", "none" and "void". `classes` is
// /sys/class/infiniband, which says what belongs to an adapter; without it, index and device number are taken
// to be the same. Errors name an index that is no number.
Result<std::vector<std::string>> hca_devices(std::string_view wanted, const std::string& devices,
                                             const std::string& classes);

}  // namespace pyxis
