// Finding environment definition files, and reading them with their bases.
#pragma once

#include <string>
#include <vector>

#include "base/environment.h"
#include "edf/definition.h"

namespace pyxis::edf {

// The path that a name stands for. With a '/' in it, or where it ends in ".toml", it is a path, relative to
// `directory`. Else NAME.toml is looked for in the directories of EDF_PATH, which colons separate, or where
// that is unset or empty in ~/.edf; the first counts. Errors say where was looked.
Result<std::string> find_file(const std::string& name, const Environment& environment,
                              const std::string& directory);

struct Loaded {
  std::string path;
  Definition definition;
  std::vector<std::string> problems;  // lines; where there are any, the definition is of no use
  std::vector<std::string> notes;     // lines, of the file itself
};

// The file and its bases, one on top of the other, with the variables of `environment`. A base's relative
// path starts at the directory of the file that names it.
Loaded load(const std::string& name, const Environment& environment);

}  // namespace pyxis::edf
