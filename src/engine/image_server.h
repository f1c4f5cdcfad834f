// The program that shows an image file as a file system: `pyxis-squash serve`.
#pragma once

#include <optional>
#include <string>

#include "base/fd.h"
#include "base/process.h"
#include "base/result.h"
#include "engine/settings.h"
#include "store/store.h"

namespace pyxis {

// Where the server has the image file.
constexpr int image_server_fd = 4;
// Where it keeps what programs read first of the image; may be none.
constexpr int image_reads_fd = 5;

// An image file, to be handed to a program. Errors name it: what is not there, not readable, no regular file.
Result<Fd> open_image_file(const std::string& path);

// A server that lives as long as what it serves is mounted.
struct ServedImage {
  Fd socket;   // the end of the connection, which closes with it
  Fd process;  // a pidfd; none where the kernel gave none
};

struct ImageServer {
  // Starts it on the image file at `path`, which the caller can read. Returns when it has seen that this is
  // one: errors name the file and what is wrong with it. The mount (sandbox/fuse_mount.h) is another step;
  // until leave() the server goes with this handle. `store` keeps what programs read first; may be none.
  static Result<ImageServer> start(const Settings& settings, const std::string& path, bool remap_root,
                                   const Store* store = nullptr);

  // What it has said went wrong since.
  std::optional<Error> failure() const;

  // From here on it does not go with this handle.
  ServedImage leave();

  Fd socket;  // for the device
  Child child;
};

}  // namespace pyxis
