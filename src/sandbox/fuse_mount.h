// File systems that a program serves (Documentation/filesystems/fuse.rst, "non-privileged mounts"), mounted
// without privilege outside the user namespace.
#pragma once

#include <string>

#include "base/result.h"

namespace pyxis {

// Whether this process may use /dev/fuse at all; the error says why not.
Result<void> check_fuse();

// Mounts what the program at the other end of the socket `server` serves on `directory`: read-only, nosuid
// and nodev, and hands the server the device as the one descriptor of an empty message (contract/message.h).
// The first access waits for the server; where that is gone, it fails with ENOTCONN. Everybody in the user
// namespace may look, by the modes that the server tells. `name` is what mountinfo shows. To be called inside
// the new user and mount namespaces: the kernel refuses a device that was opened outside.
Result<void> mount_served(const std::string& name, int server, const std::string& directory);

}  // namespace pyxis
