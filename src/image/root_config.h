// What a root file system made of an image file says about itself, in its own files (spec/engine.md, "Image
// files"). Pure data, hostile input.
#pragma once

#include <string>
#include <string_view>

namespace pyxis {

// The directory that etc/rc enters: the word of its first `cd`, quoted as a shell would read it. Empty where
// there is none, or where only a shell could tell (a variable, a command).
std::string parse_image_workdir(std::string_view rc);

}  // namespace pyxis
