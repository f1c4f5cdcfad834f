// The container engine as the plugin sees it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/process.h"
#include "contract/step.h"
#include "spank/config.h"

namespace pyxis::spank {

constexpr int engine_died = ECHILD;

// A container to join: what the engine said of it, and its namespaces.
struct Container {
  Started started;
  std::vector<Fd> namespaces;
  Child engine;  // which ends by itself now; to be reaped. None where the container was running.
};

// How to run the engine for one call.
struct EngineProcess {
  std::vector<std::string> environment;
  std::optional<Identity> identity;  // given by callers that are root; a task is the user already
};

// What ties a step's supervisor to slurmstepd: it sees that the leash is let go, and writes to the farewell
// pipe when it has cleared up.
struct Ties {
  int leash = -1, farewell = -1;
  int storage = -1;  // leads to the node's storage helper, if there is one
};

class Engine {
 public:
  virtual ~Engine() = default;

  using Listener = std::function<void(const Event&)>;
  // Makes the container, however long its import takes. `ties` stay the caller's; `listener` gets the
  // events on the way. An error's first line says which part failed, the next ones are the engine's; its code
  // is `engine_died` where the engine had no chance to clean up.
  virtual Result<Container> start(const StartRequest& request, const EngineProcess& process, const Ties& ties,
                                  const Listener& listener) = 0;
  // Asks the container's supervisor for its namespaces.
  virtual Result<Container> join(const std::string& control_socket) = 0;
  // Waits for the end of an engine that has answered, and kills one that lingers.
  virtual void reap(Child engine) = 0;
  // Writes the container, which runs, into an image file, however long that takes. ECANCELED where somebody
  // killed the engine meanwhile. In a task's process.
  virtual Result<void> save(const SaveRequest& request, const EngineProcess& process) = 0;
  // The step is over, and its leash let go: waits at the read end of the farewell pipe for the supervisor's
  // answer, and where none comes has the engine clear up. ECANCELED where somebody killed that: the next
  // start clears up then. These two kill the engine and fail when it has not ended within their deadline.
  virtual Result<void> finish(const FinishRequest& request, const EngineProcess& process, int farewell) = 0;
  virtual Result<void> epilog(const EpilogRequest& request, const EngineProcess& process) = 0;
};

// Our own engine, the program at `path`.
std::unique_ptr<Engine> pyxis_engine(std::string path);

// An external enroot, through its command line: `driver` is our program that does that, as the job's user.
struct EnrootOptions {
  std::string driver;
  std::string enroot_path;  // empty: found in PATH
  bool load = false;        // `enroot load` instead of import and create
  bool start_from_file = false;
};
std::unique_ptr<Engine> enroot_engine(const EnrootOptions& options);

// The one that plugstack.conf asks for.
std::unique_ptr<Engine> engine_of(const Config& config);

// The line users know for a part that failed: "failed to import docker image: IMAGE" and so on.
std::string failure_headline(Phase phase, const std::string& container, const std::string& image);

}  // namespace pyxis::spank
