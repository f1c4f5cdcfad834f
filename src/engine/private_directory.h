// Where programs that a start runs find files and leave some.
#pragma once

#include <sys/mount.h>

#include <string>
#include <utility>

#include "base/result.h"

namespace pyxis {

// A tmpfs that only this mount namespace has: nothing is left of it, whatever happens to us.
class PrivateDirectory {
 public:
  static Result<PrivateDirectory> mount_on(const std::string& path) {
    if (::mount("tmpfs", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=16m,mode=0700") != 0)
      return sys_error("mount a directory for hooks on " + path);
    return PrivateDirectory(path);
  }
  PrivateDirectory(PrivateDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  PrivateDirectory& operator=(PrivateDirectory&&) = delete;
  PrivateDirectory(const PrivateDirectory&) = delete;
  PrivateDirectory& operator=(const PrivateDirectory&) = delete;
  ~PrivateDirectory() {
    if (!path_.empty()) ::umount2(path_.c_str(), MNT_DETACH);
  }

 private:
  explicit PrivateDirectory(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace pyxis
