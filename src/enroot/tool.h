// The external enroot: where it is, what it runs with, and how a command of it is run.
#pragma once

#include <string>

#include "base/environment.h"
#include "base/result.h"
#include "engine/external_program.h"
#include "enroot/answers.h"
#include "enroot/command_line.h"

namespace pyxis::enroot {

class Tool {
 public:
  // `path` is absolute, or empty: then it is looked for in PATH. The environment is that of its commands.
  static Result<Tool> find(std::string path, Environment environment);

  // Error where it is too old, or tells no version.
  Result<void> check(const EndSignals& signals) const;
  // What it prints. A failure has the lines that it has said. With `signals`, ECANCELED where one came.
  Result<std::string> run(const Arguments& arguments, const EndSignals* signals = nullptr) const;
  // Runs the command that removes a container; one that is gone already is no failure.
  Result<void> remove(const std::string& container) const;

  ExternalProgram program(const Arguments& arguments) const {
    return {path_, arguments, environment_.lines()};
  }
  const Environment& environment() const { return environment_; }

 private:
  Tool(std::string path, Environment environment)
      : path_(std::move(path)), environment_(std::move(environment)) {}
  std::string path_;
  Environment environment_;
};

}  // namespace pyxis::enroot
