// The manual's pages, as man(7) has them.
#pragma once

#include <string>
#include <vector>

#include "manual/description.h"

namespace pyxis::manual {

// pyxis(1): the program, its commands, and what it adds to srun, sbatch and salloc.
std::string program_page(const DescribedCommand& program, const std::vector<DescribedCommand>& commands);
// pyxis-COMMAND(1)
std::string command_page(const DescribedCommand& command);
// pyxis.conf(5): the keys of the plugin's line in plugstack.conf.
std::string config_page();
// pyxis-settings(5): the settings of the engine, in enroot.conf and the environment.
std::string settings_page();

}  // namespace pyxis::manual
