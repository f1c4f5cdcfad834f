// What `pyxis-handover PIPE HOLD` does, the program that entry points are given as their command: it writes
// its working directory and its environment into PIPE, each text ended by a NUL and the last one followed by
// another, and stays until HOLD, a pipe too, has no writers any more. Both are paths.
//
// It is linked statically, for it runs with what the image has; and it is of no library of ours.
#pragma once

namespace pyxis {

constexpr auto handover_program = "pyxis-handover";

}  // namespace pyxis
