// Whose the shared store is, and where the programs are that serve it.
#pragma once

#include <string>

#include "base/result.h"
#include "storage/id_mapped.h"

namespace pyxis {

// The system user of layout.h. An error says how to make it.
Result<Owner> find_store_owner();

// That of this program.
Result<std::string> programs_directory();

}  // namespace pyxis
