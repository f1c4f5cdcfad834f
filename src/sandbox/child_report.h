// How a child that works in new namespaces tells its parent what came of it: a body with descriptors, or an
// Error, whole.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/process.h"
#include "base/result.h"
#include "contract/message.h"
#include "contract/step.h"

namespace pyxis {

struct ChildAnswer {
  std::string body;
  std::vector<Fd> descriptors;
};

// A child in new namespaces, and the socket on which it answers.
struct NamespaceChild {
  Child process;
  Fd socket;

  // Waits for the answer. If the child died without one: how it ended.
  Result<ChildAnswer> answer();
};

// Forks into the namespaces (see fork_into_namespaces) and runs `work` there; what it returns is the answer.
// The child is killed when its parent dies. Then it ends, or, if `afterwards` is given and all went well,
// does that with its end of the socket first.
Result<NamespaceChild> start_namespace_child(const std::vector<Namespace>& kinds,
                                             const std::function<Result<ChildAnswer>()>& work,
                                             const std::function<void(Fd socket)>& afterwards = {});

}  // namespace pyxis
