// Where a bundle that runs keeps what it needs: a directory of its own, which goes with it.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "engine/bundle.h"

namespace pyxis {

class Workspace {
 public:
  // Below `parent`, with the bundle's configuration in it. Removes what bundles of this user that were killed
  // have left there.
  static Result<Workspace> make(const std::string& parent, const BundleFacts& facts,
                                const std::string& bundle_path);
  Workspace(Workspace&& other) noexcept
      : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}
  Workspace& operator=(Workspace&&) = delete;
  ~Workspace();

  const std::string& path() const { return path_; }

 private:
  Workspace(std::string path, Fd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::string path_;
  Fd lock_;
};

}  // namespace pyxis
