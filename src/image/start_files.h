// What an image file has in /etc about how it is started (engine spec, "Image files"), made from an image's
// configuration.
//
//   rc            a POSIX shell script; the command, if there is one, is its arguments
//   environment   the variables, "NAME=value" lines
//   fstab         a tmpfs for each volume
//   pyxis.json    the configuration itself, as it was downloaded
//
// Who starts an image file without reading shell takes entry point, command and working directory from
// pyxis.json, as long as rc is what was made from it (made_from).
#pragma once

#include <string>
#include <string_view>

#include "image/config.h"

namespace pyxis {

inline constexpr std::string_view rc_path = "etc/rc", environment_path = "etc/environment",
                                  fstab_path = "etc/fstab", config_path = "etc/pyxis.json";

// `provenance`: the name that the image was imported by; the first line has it.
std::string make_rc(const ImageConfig& config, std::string_view provenance);
// Left out are variables that the file cannot hold (with line ends) or its readers refuse (ENROOT_*). What
// readers would take off (surrounding quotes, blanks) is put in quotes.
std::string make_environment(const ImageConfig& config);
std::string make_fstab(const ImageConfig& config);

// True where nobody has changed this rc: it is what make_rc gives, whatever the provenance.
bool made_from(const ImageConfig& config, std::string_view rc);

}  // namespace pyxis
