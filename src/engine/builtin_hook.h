// Running one of the engine's own hooks.
#pragma once

#include "base/result.h"
#include "engine/container_hooks.h"

namespace pyxis {

// Called in the container's namespaces, with capabilities. Errors name the hook.
Result<void> run_builtin_hook(const BuiltinHook& hook, const HookPlan& plan, HookedContainer& container);

}  // namespace pyxis
