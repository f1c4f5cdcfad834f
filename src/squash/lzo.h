// LZO1X, as squashfs files of old have it (the stream: Documentation/staging/lzo.rst of the Linux sources).
#pragma once

#include <optional>
#include <span>

namespace pyxis::squash {

// How many bytes of `out` the stream fills; nothing where it is damaged or there are more.
std::optional<size_t> lzo_decompress(std::span<const char> in, std::span<char> out);

}  // namespace pyxis::squash
