// The unprivileged part of the helper: the store's user, who answers one user's engine.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "storage/entitlement.h"

namespace pyxis {

struct KeeperPlan {
  std::string root;     // storage_path
  std::string libexec;  // where the programs are that it starts
  EntitlementSettings entitlement;
  uid_t user = 0;  // whose engine is at the other end
  Fd engine;       // the socket
  Fd leash;        // closed at its other end once the step is over
  Fd mounter;      // the parent's socket
};

// Answers until the step is over. Its layers are in use for as long.
Result<void> run_keeper(KeeperPlan plan);

}  // namespace pyxis
