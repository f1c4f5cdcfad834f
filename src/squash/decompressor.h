// One compressed block of a squashfs file. Hostile input.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "squash/format.h"

namespace pyxis::squash {

// Error for a compressor that cannot be read, which it names.
Result<CompressorId> known_compressor(uint16_t id);
std::string compressor_name(CompressorId id);

// How many bytes of `out` the block fills. Error: damaged, or more than `out` holds. Any thread.
Result<size_t> decompress(CompressorId compressor, std::span<const char> in, std::span<char> out);

}  // namespace pyxis::squash
