// An image file as a file system, by FUSE.
#pragma once

#include <functional>

#include "base/fd.h"
#include "base/result.h"
#include "squash/read_ahead.h"
#include "squash/read_list.h"
#include "squash/reader.h"

namespace pyxis {

struct ServeOptions {
  unsigned uid = 0, gid = 0;  // who owns all files, as the user namespace of the mount numbers them
  unsigned threads = 1;       // at most so many at once
  // Requests cannot be answered any more, and threads that read ahead may wait for answers for good: to end
  // the process, at once.
  std::function<void(const Error&)> give_up;
};

// Answers the kernel's requests on `device`, the /dev/fuse of a mount, with as many threads as there are
// requests at once. Returns when the file system is unmounted, which is when the last mount namespace that
// has it goes; where the system gives less threads, or memory for them, it is done with those that there are.
// An image that gives a directory several names gets EIO for all but the first. What was looked up once stays
// with the kernel: an image does not change. `log` is told what is asked for, and what `ahead` names is read
// before that.
Result<void> serve_image(const SquashReader& image, Fd device, const ServeOptions& options, ReadLog& log,
                         ReadAheadPlan ahead);

}  // namespace pyxis
