// Layers come as tar, tar+gzip or tar+zstd (OCI image-spec layer.md, "Distributable Format").
#pragma once

#include <memory>

#include "layer/byte_source.h"

namespace pyxis {

// The tar stream within `input`, which outlives it. The format is told by the stream's first bytes, never by
// a media type: registries and builders mislabel layers. Recognised are
//   gzip  (RFC 1952), any number of members, zeros after the last one;
//   zstd  (RFC 8878), any number of frames, skippable ones too, windows up to 128 MiB, zeros after the last
//   one; tar   as it is; a stream without any byte is an empty layer.
// Errors, here or from a later read(): a stream cut short, a wrong checksum, other bytes after the end, and
// any other format, named where it is known. Memory is bounded by the formats' windows.
Result<std::unique_ptr<ByteSource>> make_decompressor(ByteSource& input);

}  // namespace pyxis
