// Where the parts of Pyxis are that are not this program.
#pragma once

#include <string>

#include "base/result.h"

namespace pyxis {

// The path of a helper program, or of the directory `pyxis-hooks`: in ../libexec of this program when
// installed, beside it in a build tree.
Result<std::string> installed_part(const std::string& name);

// For a program that has others in it: this part is at `path`, whatever is installed.
void provide_part(const std::string& name, const std::string& path);

}  // namespace pyxis
