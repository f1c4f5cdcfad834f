// The process that stays with a running container: it keeps the namespaces alive, hands them to whoever
// joins, and clears up when the step is over.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/process.h"
#include "base/result.h"
#include "contract/step.h"
#include "engine/entrypoint.h"
#include "engine/external_importer.h"
#include "engine/image_server.h"
#include "engine/running.h"
#include "image/digest.h"
#include "store/store.h"

namespace pyxis {

// The init of a pid namespace, and what it lives as long as.
struct OwnPids {
  Child init;
  Fd leash;
};

struct Supervised {
  std::string container;
  Started started;  // what joiners are told
  std::vector<std::pair<Namespace, Fd>> namespaces;
  Fd use;                    // from use_container
  Fd leash;                  // end-of-file: the step is over
  Fd farewell;               // where it says that it has cleared up (contract/answer.h); may be none
  ServedImage image_server;  // may be none
  // Run before anybody joins; what it makes of the container goes into `started`, unless `started` has a
  // working directory of the user's choice. The engine follows at the other end of the socket.
  std::optional<Entrypoint> entrypoint;
  Fd entrypoint_socket;
  bool workdir_chosen = false;
  OwnPids own_pids;                          // of a container with a pid namespace; none otherwise
  bool creator = true;                       // false: joined a container that another supervisor started
  bool temporary = false;                    // remove it at the end
  std::optional<ExternalImporter> importer;  // told at the end that its file is not needed any more
  Digest image;                              // to be made durable in the background
  // Descriptors of the caller's that must not live on there: the leash's other end, copies of namespaces.
  std::vector<int> not_kept;
};

// What an entry point has made of what joiners are told, from follow_entrypoint(); env, env_unset and
// workdir.
Result<void> take_entrypoint_changes(const std::string& outcome, Started& started);

// Forks the supervisor: a session of its own, no terminal, catchable signals ignored. Returns its pid.
// The caller must have no other threads. `listener` is closed here and lives on there.
Result<pid_t> start_supervisor(const Store& store, Supervised supervised, const RunningDirectory& directory,
                               RunningDirectory::Listener listener);

}  // namespace pyxis
