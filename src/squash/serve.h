// An image file as a file system, by FUSE.
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "squash/read_ahead.h"
#include "squash/read_list.h"
#include "squash/reader.h"

namespace pyxis {

struct ServeOptions {
  unsigned uid = 0, gid = 0;  // who owns all files, as the user namespace of the mount numbers them
  unsigned threads = 1;       // at most so many at once
};

// Answers the kernel's requests on `device`, the /dev/fuse of a mount, with as many threads as there are
// requests at once. Returns when the file system is unmounted, which is when the last mount namespace that
// has it goes. What was looked up once stays with the kernel: an image does not change. `log` is told what is
// asked for, and what `ahead` names is read before that.
Result<void> serve_image(const SquashReader& image, Fd device, const ServeOptions& options, ReadLog& log,
                         ReadAheadPlan ahead);

}  // namespace pyxis
