// Capabilities of the calling thread. capabilities(7).
#pragma once

#include "base/result.h"

namespace pyxis {

// Programs executed from here on keep all capabilities (ambient set), whatever their uid.
Result<void> keep_capabilities_on_exec();
// None are left, and none can be had again by executing a program.
Result<void> drop_capabilities();

}  // namespace pyxis
