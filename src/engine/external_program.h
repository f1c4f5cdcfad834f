// Programs that are not ours, run for a step: what they print is collected, and a step that ends ends them.
#pragma once

#include <signal.h>
#include <array>

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/process.h"
#include "base/result.h"

namespace pyxis {

// While it lives, the signals that ask this process to end wait to be seen here instead; that one came is
// then told as ECANCELED, and nothing else comes of it. Single-threaded.
class EndSignals {
 public:
  static Result<EndSignals> watch();
  EndSignals(EndSignals&& other) noexcept;
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;
  ~EndSignals();

  int fd() const { return fd_.get(); }  // readable: one came
  bool came() const;

 private:
  EndSignals() = default;
  Fd fd_;
  sigset_t before_{};
};

// The lines of a stream, as far as they have come; of many the last ones. What was printed over with a
// carriage return is not there.
class CollectedLines {
 public:
  void add(std::string_view bytes);
  // The lines that are complete and have not been taken by this before.
  std::vector<std::string> take_new();
  // All, also one without an end.
  std::vector<std::string> all() const;

 private:
  std::vector<std::string> lines_;
  std::string open_;
  bool returned_ = false;
  size_t taken_ = 0;
};

struct ExternalProgram {
  std::string path;                    // absolute
  std::vector<std::string> arguments;  // argv[0] included
  std::vector<std::string> environment;
  bool goes_with_caller = true;  // asked to end (SIGTERM) when this process dies
};

struct ProgramOutcome {
  int status = 0;                 // waitpid(2)
  std::string output;             // its stdout
  std::vector<std::string> said;  // lines of its stderr

  bool succeeded() const { return status == 0; }
  // "enroot import exited with status 1", and what it said on lines of their own.
  Error failure(const std::string& what) const;
};

// Runs it with no input and waits for its end. ECANCELED: one of `signals` came, or had come already; the
// program and what it started was asked to end, and killed where that took longer than some seconds.
Result<ProgramOutcome> run_external_program(const ExternalProgram& program, const EndSignals& signals);
// The same to the end, whatever comes.
Result<ProgramOutcome> run_external_program(const ExternalProgram& program);

// Starts it in a process group of its own, its output and errors on the given descriptors.
Result<Child> start_external_program(const ExternalProgram& program, int output, int errors);
// SIGTERM for its group, SIGKILL after some seconds; reaps it.
void end_external_program(Child program);

}  // namespace pyxis
