// Squashfs 4.0 on disk: what kernels since 2.6.29 mount and mksquashfs writes (the field's description:
// "Squashfs Binary Format", and Documentation/filesystems/squashfs.rst). All numbers are little endian.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace pyxis::squash {

constexpr uint32_t magic = 0x73717368;
constexpr size_t super_block_bytes = 96;
constexpr size_t metadata_block_bytes = 8192;
constexpr uint16_t metadata_uncompressed = 1u << 15;
constexpr uint32_t data_uncompressed = 1u << 24;
constexpr uint32_t no_fragment = 0xffffffff;
constexpr uint32_t no_xattr = 0xffffffff;
constexpr uint64_t no_table = ~uint64_t{0};
constexpr uint32_t min_block_bytes = 4096, max_block_bytes = 1u << 20;
constexpr size_t max_name_bytes = 256;
constexpr size_t max_target_bytes = 65535;
constexpr uint32_t max_entries_per_header = 256;

enum InodeType : uint16_t {
  directory = 1,
  regular,
  symlink,
  block_device,
  char_device,
  fifo,
  socket,
  extended = 7,  // added to each of them
};

enum class CompressorId : uint16_t { gzip = 1, lzma, lzo, xz, lz4, zstd };

// A number at the beginning of `bytes`, which are enough.
template <class Number>
Number load(const char* bytes) {
  static_assert(std::endian::native == std::endian::little);
  Number number;
  std::memcpy(&number, bytes, sizeof number);
  return number;
}

}  // namespace pyxis::squash
