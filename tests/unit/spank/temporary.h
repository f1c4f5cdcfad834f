// A directory that vanishes with its variable.
#pragma once

#include <fcntl.h>
#include <stdlib.h>

#include <string>

#include "base/fs.h"

namespace pyxis::spank {

class Temporary {
 public:
  Temporary() {
    char name[] = "/tmp/pyxis-spank-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~Temporary() { (void)remove_tree(AT_FDCWD, path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace pyxis::spank
