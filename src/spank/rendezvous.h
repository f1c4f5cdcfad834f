// Where the tasks of a step on one node agree on who creates the container. It lives in shared memory made by
// slurmstepd before it forks the tasks.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace pyxis::spank {

// What the shared memory says. `failed` is a start that has cleaned up after itself; `interrupted`, or
// `starting` found after all tasks have gone, one that may have left something.
enum class StepState : int { untouched, starting, started, attached, failed, interrupted };

class Rendezvous {
 public:
  // MAP_SHARED memory with a robust, process-shared mutex.
  static Result<std::unique_ptr<Rendezvous>> create();
  ~Rendezvous();
  Rendezvous(const Rendezvous&) = delete;
  Rendezvous& operator=(const Rendezvous&) = delete;

  // Waits until no other task is starting the container and gives the state found. For the caller that finds
  // `untouched` it has become `starting`, and the caller must end with publish_*(); until then, or until its
  // death, the others wait. A first task that died leaves `interrupted` behind.
  StepState enter();
  void publish_started(bool attached, const std::string& control_socket);
  void publish_failed(bool interrupted);

  StepState state() const;
  std::string control_socket() const;
  // True for the first caller of all processes: failures are reported once.
  bool claim_report();
  // That a task is in the container: what the step leaves there is its work.
  void note_entered();
  bool was_entered() const;
  // Counts an end: true for the last of `tasks` that call it.
  bool last_to_end(unsigned tasks);

 private:
  struct Shared;
  explicit Rendezvous(Shared* shared) : shared_(shared) {}
  void publish(StepState state);
  Shared* shared_;
};

}  // namespace pyxis::spank
