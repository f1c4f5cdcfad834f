// A container that runs, however a step has come by it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "contract/step.h"
#include "engine/running.h"
#include "enroot/answers.h"

namespace pyxis::enroot {

struct Joined {
  Started started;  // its namespaces are those below
  std::vector<std::pair<Namespace, Fd>> namespaces;
  // Of a container that steps have started; closed once the last step has closed its copies.
  Fd leader;   // the connection to the leader, which ends with it
  Fd process;  // pidfd of `enroot start`
};

// Leaves out namespaces that this process is in itself: those can neither be joined nor need be. Error where
// there is no user or no mount namespace among the others.
Result<void> keep_foreign(std::vector<std::pair<Namespace, Fd>>& namespaces);

// Below <runtime>/enroot every supervisor of a step listens as engine/running.h has it.
std::string supervisors_path(const std::string& runtime_dir);
// What a supervisor sends to who asks to share the container: `started`, with the namespaces and, after them,
// leader and process. A task's JoinRequest gets the namespaces only.
constexpr std::string_view share_request = "share a container of enroot's";
std::string encode_started(const Joined& joined, std::vector<int>& descriptors);

// Asks the supervisors of a container; nothing where there is none.
Result<std::optional<Joined>> share_supervised(const std::string& runtime_dir, const std::string& container);

// Joins a process that `enroot list -f` has shown: one that somebody has started in the container by hand.
// Nothing where it has ended, or the number is another process's by now.
Result<std::optional<Joined>> join_listed(const ListedProcess& listed);

}  // namespace pyxis::enroot
