// The plugin's line in Slurm's configuration. plugstack.conf: spank(8); slurm.conf(5), PlugStackConfig.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "doctor/context.h"
#include "spank/config.h"

namespace pyxis::doctor {

// $SLURM_CONF, or where slurm.conf usually is; empty: nowhere. Without the context's root.
std::string find_slurm_conf(const Context& context);
// The value of a key, in lower case, in slurm.conf or a file that it includes; empty: it is not there.
std::string slurm_setting(const Context& context, const std::string& slurm_conf, std::string_view key);
// A plugin of Slurm's in PluginDir; where slurm.conf does not say that, in the usual ones. Empty: it is not
// there.
std::string plugin_in_plugin_dir(const Context& context, const std::string& slurm_conf,
                                 const std::string& name);
// What slurm.conf names; else plugstack.conf beside it.
std::string plugstack_path(const Context& context, const std::string& slurm_conf);

struct PlugstackLine {
  std::string file;
  size_t number = 0;
  bool required = false;
  std::string plugin;              // as written
  std::vector<std::string> words;  // after it
  std::string where() const { return file + ":" + std::to_string(number); }
};

struct Plugstack {
  std::vector<PlugstackLine> lines;     // of our plugin
  std::vector<std::string> unreadable;  // files, and why
};
// Follows `include`.
Plugstack read_plugstack(const Context& context, const std::string& path);

// The settings of the plugin's first line; nothing where there is none, or it is wrong.
std::optional<spank::Config> plugin_config(const Context& context);

}  // namespace pyxis::doctor
