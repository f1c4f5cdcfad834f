// The metadata of a squashfs file: streams of bytes in compressed blocks of 8 KiB. Hostile input.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "squash/cache.h"
#include "squash/format.h"

namespace pyxis::squash {

// The file, and what all who read it need to know. Errors name the file.
class File {
 public:
  File(Fd file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}

  CompressorId compressor = CompressorId::zstd;
  uint64_t size = 0;  // bytes that belong to the image

  // Finds out where in the file the image begins: at its beginning, within a bundle, or
  // within a SIF file, which may be in a bundle.
  Result<void> find_image();

  const std::string& name() const { return name_; }
  // How many bytes the file has for the image.
  Result<uint64_t> bytes() const;
  // All of it, or an error. Offsets count from the beginning of the image.
  Result<void> read(uint64_t offset, std::span<char> out) const;
  // EIO: the file contradicts itself.
  Error damaged(const std::string& what) const;

 private:
  Result<void> find_in_sif();

  Fd file_;
  std::string name_;
  uint64_t begin_ = 0;
  std::optional<uint64_t> bytes_;  // within another file
};

// A decoded block, and where the one after it begins.
struct MetadataBlock {
  std::vector<char> data;
  uint64_t next = 0;
};

class Metadata {
 public:
  Metadata(const File& file, size_t cache_bytes) : file_(file), blocks_(cache_bytes) {}

  const File& file() const { return file_; }
  Result<std::shared_ptr<const MetadataBlock>> block(uint64_t offset) const;
  // So many bytes at most can be decoded from the block at `offset` and those behind it: what claims to be
  // longer is damaged, and need not be read to find that out.
  uint64_t most_bytes_from(uint64_t offset) const {
    constexpr uint64_t least_stored = sizeof(uint16_t) + 1;
    return offset >= file_.size ? 0 : (file_.size - offset) / least_stored * metadata_block_bytes;
  }

 private:
  const File& file_;
  mutable Cache<MetadataBlock> blocks_;
};

// A place in a stream: a block's offset in the file, and an offset in the decoded block.
struct MetadataPlace {
  uint64_t block = 0;
  uint32_t offset = 0;
};

// Reads on and on from a place in a stream. The stream of a table goes from block to block of the file.
class MetadataCursor {
 public:
  static Result<MetadataCursor> at(const Metadata& metadata, uint64_t block, uint32_t offset);
  static Result<MetadataCursor> at(const Metadata& metadata, const MetadataPlace& place) {
    return at(metadata, place.block, place.offset);
  }

  MetadataPlace place() const { return {at_, static_cast<uint32_t>(offset_)}; }

  Result<void> read(std::span<char> out);
  Result<std::string> text(size_t length);
  template <class Number>
  Result<Number> number() {
    std::array<char, sizeof(Number)> bytes;
    TRY(read(bytes));
    return load<Number>(bytes.data());
  }

 private:
  explicit MetadataCursor(const Metadata& metadata) : metadata_(&metadata) {}

  const Metadata* metadata_;
  std::shared_ptr<const MetadataBlock> block_;
  uint64_t at_ = 0;  // where that is in the file
  size_t offset_ = 0;
};

}  // namespace pyxis::squash
