// Runs a piece of a test where it may mount: in a forked child with its own user and mount namespaces.
#pragma once

#include <functional>
#include <string>

namespace pyxis::testing {

// What `act` returned in the child; a text beginning with "child: " if it did not get that far. Machines
// without unprivileged user namespaces fail such tests rather than skip them.
std::string in_own_namespaces(const std::function<std::string()>& act);

}  // namespace pyxis::testing
