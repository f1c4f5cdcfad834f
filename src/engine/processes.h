// The processes of running containers, as `pyxis list -f` shows them.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/settings.h"

namespace pyxis {

struct ContainerProcess {
  std::string container;
  int pid = 0;
  std::string comm, state, started, time, command;             // as ps(1) prints them
  unsigned long long mount_namespace = 0, user_namespace = 0;  // inodes
};

// By container name, then pid.
Result<std::vector<ContainerProcess>> container_processes(const Settings& settings);

}  // namespace pyxis
