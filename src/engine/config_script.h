// A config script (`start -c`, `batch`): bash that sets up one start of a container.
//
//   #ENROOT_REMAP_ROOT=y        settings, in comments; they win over environment and files
//   environ() { echo "A=B"; }   variables of the container, a line each
//   mounts()  { echo "/data /data none x-create=dir,bind"; }   lines of an fstab
//   hooks()   { touch "$ENROOT_ROOTFS/mark"; }   done as a hook, after those of hooks.d
//   rc()      { exec "$@"; }    what the container starts with, given the command
#pragma once

#include <string>
#include <vector>

#include "base/environment.h"
#include "base/result.h"
#include "hooks/program.h"

namespace pyxis {

class ConfigScript {
 public:
  // Reads it, with bash, as the caller. Errors name the file, and bash's own words.
  static Result<ConfigScript> read(const std::string& path, const Environment& environment);

  const std::string& path() const { return path_; }
  const Environment& settings() const { return settings_; }
  // A shell script that does what its rc() does; empty where it has none.
  const std::string& rc() const { return rc_; }

  // What the functions print; empty where the script has no such function.
  Result<std::string> environ(const Environment& environment) const;
  Result<std::string> mounts(const Environment& environment) const;
  // Runs hooks(), if there is one.
  Result<void> hooks(const Environment& environment) const;

 private:
  Result<void> read_settings(const Environment& environment);
  Result<void> read_functions(const Environment& environment);
  bool defines(std::string_view function) const;
  Result<std::string> output_of(const std::string& function, const Environment& environment) const;
  ProgramCall call(const std::string& function) const;

  std::string path_, bash_, rc_;
  Environment settings_;
  std::vector<std::string> functions_;
};

}  // namespace pyxis
