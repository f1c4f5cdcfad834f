// Running containers: every supervisor listens on a unix socket below the user's runtime directory.
//
//   <runtime>/running/<sha256 of name>/<pid>-<time>.sock   one per supervisor
//                                      name                the container's name
//
// The socket is the state: who answers is running, whoever refuses is gone and its file is removed. There is
// no pid to go stale, and the namespaces come as descriptors, so nothing races with processes that end or
// pids that are reused.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "contract/step.h"

namespace pyxis {

class RunningDirectory {
 public:
  // Opens (and makes) the directory of `container` below `runtime_path`, which must be the user's own.
  static Result<RunningDirectory> open(const std::string& runtime_path, const std::string& container);
  // The same where there is one: a container that was never started has none.
  static Result<std::optional<RunningDirectory>> find(const std::string& runtime_path,
                                                      const std::string& container);

  // A listening socket of this process, and its path. The path's length is not limited by sun_path.
  struct Listener {
    Fd socket;
    std::string path, name;
  };
  Result<Listener> listen() const;
  void remove(const Listener& listener) const;
  // Removes the directory where no supervisor listens. Hold the container's name lock, or know that nobody
  // starts it.
  Result<void> remove_if_unused() const;

  // A connection to one supervisor after another, until `visit` returns true. Dead sockets are removed on the
  // way.
  template <class Visit>
  Result<bool> visit(Visit&& visit) const {
    for (const auto& name : TRY(sockets())) {
      auto connection = connect(name);
      if (connection && visit(connection->get())) return true;
    }
    return false;
  }

 private:
  Result<std::vector<std::string>> sockets() const;
  std::optional<Fd> connect(const std::string& name) const;

  std::string path_, hex_;
  Fd running_, dir_;
};

// A running container as a supervisor gave it: what a joiner needs.
struct JoinedContainer {
  Started started;
  std::vector<std::pair<Namespace, Fd>> namespaces;
  pid_t supervisor = -1;  // where this process forked it: its child
};
// Asks whoever runs `container` for its namespaces; nothing where nobody does.
Result<std::optional<JoinedContainer>> join_running(const std::string& runtime_path,
                                                    const std::string& container);
// The same of everyone who runs it: it may have been started several times, each with namespaces of its own.
// A start that several steps have joined comes once for each.
Result<std::vector<JoinedContainer>> all_running(const std::string& runtime_path,
                                                 const std::string& container);

// The names of all containers that have a supervisor now.
Result<std::vector<std::string>> list_running(const std::string& runtime_path);

}  // namespace pyxis
