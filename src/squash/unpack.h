// An image file unpacked into a directory.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "base/result.h"
#include "squash/reader.h"

namespace pyxis {

struct UnpackRequest {
  int destination = -1;  // an empty directory that nobody else writes to
  unsigned threads = 1;  // that decode and write, beside the caller's
  std::stop_token stop;  // ends it with ECANCELED
  // Told how many bytes of files have been written; called by any thread, one at a time.
  std::function<void(uint64_t bytes)> progress;
};

// Makes all files of the image the caller's own, with modes as for unpacked layers: directories at least
// u+rwx, files u+r, no setuid and setgid. Times, hard links, holes and user.* attributes are kept (those of
// overlayfs are not); devices and sockets are left out. The umask must be 0: a fifo gets its mode when made.
// On an error, which names the path, a part is left.
Result<void> unpack_image(const SquashReader& image, const UnpackRequest& request);

}  // namespace pyxis
