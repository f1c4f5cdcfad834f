// Writes a directory tree as a squashfs 4.0 image (Linux, Documentation/filesystems/squashfs.rst).
//
// All files belong to 0:0 in the image. Kept are contents, holes (blocks of zeros), mode bits, times of
// change, hard links, symbolic links, fifos and user.* attributes, but those of overlayfs. Device nodes and
// sockets are left out: they work in no container, and overlayfs's whiteouts are devices.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "squash/compression_options.h"

namespace pyxis {

// A file that is added to the image, or replaces what the tree has at that path; the tree itself stays as it
// is. Missing directories above it are made; links there are followed within the tree. It has the date of
// the directory it lies in.
struct ExtraFile {
  std::string path;  // from the tree's top, as in "etc/rc"
  std::string content;
  mode_t mode = 0644;
};

struct SquashRequest {
  int root = -1;  // the tree's top, also O_PATH; nothing may be mounted below it
  std::vector<ExtraFile> extra;
  CompressionOptions compression;
  unsigned processors = 1;
  std::optional<uint32_t> epoch;  // SOURCE_DATE_EPOCH: the image's date, and the latest of all in it
  std::stop_token stop;           // requested: the writing ends with ECANCELED
  std::function<void(uint64_t bytes)> progress;  // what has been read so far; called often
};

struct SquashFacts {
  uint64_t inodes = 0, bytes_read = 0, bytes_written = 0;
};

// Writes into `file`, which is empty and open for reading and writing. Two images of one tree are the same to
// the byte, but for their date where there is no epoch. A file that vanishes under the reading (the tree of a
// running container) is left out. Errors name the path.
Result<SquashFacts> write_squash(const SquashRequest& request, int file);

}  // namespace pyxis
