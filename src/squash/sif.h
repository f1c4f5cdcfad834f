// SIF, the files that Apptainer and Singularity keep images in: objects one after another, described by a
// table. What starts is the primary system partition, which is squashfs. Numbers are little-endian
// (github.com/apptainer/sif, "sif.go": global header and descriptors). Hostile input.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "base/result.h"

namespace pyxis::squash {

constexpr size_t sif_header_bytes = 128;

// Whether these first bytes of a file are a SIF file's.
bool is_sif(std::string_view header);

struct SifPartition {
  uint64_t offset = 0, bytes = 0;
};

// Reads `out.size()` bytes of the file at `offset`.
using ReadAt = std::function<Result<void>(uint64_t offset, std::span<char> out)>;

// Where the partition is within a file of `file_bytes` that begins with `header`. Errors, without the file's
// name: there is none, or none that can be used: encrypted, another file system, of another architecture.
// EIO: the file contradicts itself.
Result<SifPartition> find_sif_partition(std::string_view header, uint64_t file_bytes, const ReadAt& read);

}  // namespace pyxis::squash
