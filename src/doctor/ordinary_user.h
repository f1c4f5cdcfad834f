// What users may do: root may often do what they may not.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "doctor/context.h"

namespace pyxis::doctor {

// Runs `work` in a child, as nobody where this process is root's, and gives what comes of it.
Result<void> as_ordinary_user(const Context& context, const std::function<Result<void>()>& work);

// "nobody", or "this user": who that was.
std::string ordinary_user(const Context& context);

// Runs `work` in a child that has a user namespace and a mount namespace of its own, with one id mapped, as a
// container's. To be called by an ordinary user's process.
Result<void> in_namespaces(const std::function<Result<void>()>& work);

}  // namespace pyxis::doctor
