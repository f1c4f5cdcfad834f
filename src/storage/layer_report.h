// What `pyxis-unpack` tells of a layer it has unpacked: one message.
#pragma once

#include <string>

#include "base/result.h"
#include "store/layers.h"

namespace pyxis {

// Its descriptors: where the report goes, the blob's bytes, the empty directory.
constexpr int unpack_report_fd = 3, unpack_blob_fd = 4, unpack_directory_fd_of_layer = 5;

std::string encode_layer_report(const Result<LayerMeta>& unpacked);
// The error is that of unpacking, or EBADMSG.
Result<LayerMeta> decode_layer_report(std::string_view body);

}  // namespace pyxis
