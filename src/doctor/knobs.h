// Settings of the kernel that keep users from making namespaces, and how each is changed.
#pragma once

#include <string>
#include <vector>

#include "doctor/context.h"

namespace pyxis::doctor {

struct Knob {
  std::string name;  // as sysctl(8) has it
  long long value = 0;
  std::string remedy;
};

// Those that forbid it altogether on this node.
std::vector<Knob> blocking_knobs(const Context& context);

// "run: sysctl -w NAME=VALUE...", and where that is kept.
std::string sysctl_remedy(const std::string& name, long long value);

}  // namespace pyxis::doctor
