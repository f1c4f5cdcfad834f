// Which release of Slurm loads the plugin, where it is not the one that it was built for.
#pragma once

#include <string>

namespace pyxis::spank {

// What to say where a plugin that was built for `built` (SLURM_VERSION_NUM of slurm_version.h) is loaded into
// the Slurm whose slurm_api_version() is `interface` (libslurm's soname << 16), which refuses it. Empty: they
// fit, or `built` is a release that is not known here.
std::string release_complaint(const std::string& plugin_file, unsigned long built, unsigned long interface);

}  // namespace pyxis::spank
