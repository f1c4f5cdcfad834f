// Names of image files, as users write them: paths and addresses.
#pragma once

#include <string>
#include <string_view>

namespace pyxis {

// "https://..." or "http://...": of an image file, as far as such can be had.
bool is_address(std::string_view image);

// It ends in .sqsh, .squashfs, .sqfs or .sif.
bool ends_as_image_file(std::string_view path);

// As messages and lists of processes have it: the query of an address, by which some are signed, is a secret.
std::string without_query(std::string_view image);

// "tool" of /images/tool.sqsh, and of https://HOST/tool.sif?version=2.
std::string image_file_stem(std::string_view image);

}  // namespace pyxis
