// The environment of programs in a container (plugin spec, "Environment inside the container").
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.h"
#include "contract/step.h"

namespace pyxis {

// True where the pattern is the name, or ends in '*' and the name begins with the rest.
bool matches_name(std::string_view pattern, std::string_view name);

// What a program of a job gets in the container: LANG, LANGUAGE and LC_ALL of the job go, the container's
// values win, except for the names in `host_wins` that the job has, and for what is set per task. Then comes
// what PMIx, and the container of an image with PyTorch, need besides (contract/step_variables.h).
Environment task_environment(const Environment& job, const Started& started,
                             const std::vector<std::string>& host_wins);

// A program that was started with `given` has ended up with `now`: what it has set, changed and removed
// becomes a part of what the container has. Left out is what shells set for themselves.
void adopt_changes(Started& started, const Environment& given, const Environment& now);

}  // namespace pyxis
