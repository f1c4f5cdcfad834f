// What an image starts with, run once before the tasks of a step, which are other processes: in place of a
// command it is given pyxis-handover (contract/handover.h), which tells what it has made of environment and
// working directory. The supervisor is its parent, and drops what it prints after that.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/environment.h"
#include "base/process.h"
#include "base/result.h"
#include "engine/init_program.h"
#include "engine/reporter.h"
#include "sandbox/sandbox.h"

namespace pyxis {

struct Entrypoint {
  std::string name;        // as InitProgram::name
  SandboxCommand command;  // all but argv
  RecordedConfig recorded;
  Environment host;  // for values in the files of the container
  InitRequest init;  // all but the command
  Fd program;        // pyxis-handover
  bool log = false;  // tell what it prints
};

struct Handover {
  Environment environment;
  std::string workdir;
};

// One that runs, or has run.
class RunningEntrypoint {
 public:
  // The error names the entry point and says why it could not be executed.
  static Result<RunningEntrypoint> start(const NamespaceSet& namespaces, Entrypoint entrypoint);

  // Waits until it has handed over; `socket` is told what it prints, if that is wanted. Who connects to
  // `listener` meanwhile is sent away: nothing is running yet. An error where it ended before, with what it
  // printed; ECANCELED where the other end of the socket was closed.
  Result<Handover> await(int socket, int listener);

  // What it prints; -1 once nobody can print any more. Where it is readable, call drop_output().
  int output() const { return output_ ? output_.get() : -1; }
  void drop_output();
  // The step is over: its command ends, and it may do what it does then, for as long as `limit`.
  void end(std::chrono::milliseconds limit);

 private:
  void read_output(int socket);
  Result<std::optional<Handover>> read_handover();
  Error ended_early();

  std::string name_;
  bool log_ = false;
  Child process_;
  Fd pidfd_, output_, handover_, hold_;
  std::string received_, said_;
};

// The engine's side: what the supervisor tells at the other end of `socket`. What the entry point made of the
// container comes as a text, from tell_entrypoint_done(). The reporter hears of lines, and of long waits.
// ECANCELED where a signal asked this process to end.
Result<std::string> follow_entrypoint(int socket, const std::string& name, Reporter& reporter);
void tell_entrypoint_done(int socket, const Result<std::string>& outcome);

}  // namespace pyxis
