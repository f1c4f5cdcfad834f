// Tables of options, keys and settings, as the guides in docs/ have them (Markdown).
#pragma once

#include <string>

#include "spank/options.h"

namespace pyxis::manual {

// srun's --help says of each option that it is ours; where only ours are, nothing need say so.
std::string help_without_mark(const spank::OptionRow& row);

// A line for each option of srun, sbatch and salloc: the option, what it does, the variable of its default.
std::string option_table();
// A line for each key of the plugin's line in plugstack.conf: the key and its values, the default, the
// meaning.
std::string config_table();
// A line for each setting of enroot.conf: its name, the default, the meaning.
std::string setting_table();

}  // namespace pyxis::manual
