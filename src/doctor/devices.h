// What other checks want to know of devices.
#pragma once

#include <string>

#include "doctor/context.h"

namespace pyxis::doctor {

// The release of NVIDIA's driver that is loaded; empty: none.
std::string nvidia_driver(const Context& context);

}  // namespace pyxis::doctor
