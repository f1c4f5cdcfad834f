// A number that a shared object exports, read from the file: loading a plugin of Slurm's outside of Slurm
// runs code of it, and fails for symbols that only Slurm has. elf(5).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace pyxis::doctor {

// The four bytes of the dynamic symbol, of a 64-bit object of this machine's byte order. ENOEXEC where the
// bytes are no such object, ENOENT where it has no such symbol.
Result<uint32_t> exported_number(std::string_view object, std::string_view symbol);

}  // namespace pyxis::doctor
