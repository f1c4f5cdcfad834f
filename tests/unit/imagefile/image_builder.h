// Images put together by hand, with what no packer writes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "squash/reader.h"

namespace pyxis::testing {

// Blocks of 128 KiB, gzip, no fragments, no attributes.
class ImageBuilder {
 public:
  static constexpr uint64_t directory_bytes = 40;
  // Adds an inode and gives its reference. All must fit into a metadata block (8 KiB).
  uint64_t add_directory(uint32_t listing_offset, uint32_t listing_bytes);
  uint64_t add_file(uint64_t size);
  // Entries of a listing, each a name and a reference; gives its offset and its bytes.
  std::pair<uint32_t, uint32_t> add_listing(const std::vector<std::pair<std::string, uint64_t>>& entries);
  // Behind all inodes: so many metadata blocks of zeros.
  void add_zeros(size_t blocks) { zero_blocks_ = blocks; }
  // Behind all listings, which begin a new metadata block with it: `block` (8 KiB) so many times.
  void repeat_listing(const std::string& block, size_t times);

  // The directory that is the top.
  std::string build(uint64_t root) const;
  Result<std::unique_ptr<SquashReader>> open(uint64_t root) const;

 private:
  std::string inodes_, listings_, repeated_;
  size_t zero_blocks_ = 0, repetitions_ = 0;
};

// The largest size that this process has had grows by so many bytes.
size_t growth_of(const std::function<void()>& act);

}  // namespace pyxis::testing
