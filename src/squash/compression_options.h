// ENROOT_SQUASH_OPTIONS: how image files are packed, in the words of mksquashfs(1).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pyxis {

struct CompressionOptions {
  enum class Algorithm { gzip, lz4, xz, zstd };
  // What a start has to decode counts more than the last percents of size.
  Algorithm algorithm = Algorithm::zstd;
  std::optional<unsigned> level = 3;  // none: the algorithm's own default
  unsigned block_size = 128 << 10;    // bytes, a power of two

  bool lz4_high = false;                                                 // -Xhc
  std::vector<std::string> filters;                                      // -Xbcj: of xz, by name
  std::vector<std::string> strategies;                                   // -Xstrategy: of gzip, by name
  std::optional<unsigned> dictionary;                                    // -Xdict-size: of xz, bytes
  std::optional<unsigned> window;                                        // -Xwindow-size: of gzip, bits
  bool data = true, fragments = true, inodes = true, attributes = true;  // false: stored as they are
  bool use_fragments = true;                                             // ends of files share blocks
  bool tail_fragments = false;  // also those of files larger than a block
  bool deduplicate = true;
  std::optional<unsigned> processors;
  std::vector<std::string> warnings;  // what was asked for and is done otherwise
};

// What CompressionOptions{} is in those words.
inline constexpr std::string_view default_squash_options = "-comp zstd -Xcompression-level 3 -b 128K";

// Words that concern mksquashfs as a program (progress, memory, queues) are taken without effect. Errors name
// the word: unknown ones, those that would change which files are packed, and values out of range.
Result<CompressionOptions> parse_compression_options(std::string_view text);

}  // namespace pyxis
