// A directory in /dev/shm to unpack hostile bytes into, beside a canary that must stay as it is.
#pragma once

#include <fcntl.h>
#include <stdlib.h>

#include <cstdlib>
#include <string>

#include "base/fs.h"

struct Scratch {
  std::string path;
  pyxis::Fd fd;

  explicit Scratch(const std::string& target) : path("/dev/shm/pyxis-" + target + "-fuzz-XXXXXX") {
    if (!::mkdtemp(path.data())) std::abort();
    fd = pyxis::Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!pyxis::write_file(fd.get(), "canary", "untouched", 0600).ok()) std::abort();
  }
  ~Scratch() { (void)pyxis::remove_tree(AT_FDCWD, path); }

  // Aborts where there is more than the canary and what was unpacked beside it.
  void check() const {
    auto names = pyxis::list_directory(fd.get());
    auto canary = pyxis::read_file(fd.get(), "canary");
    if (!names.ok() || names->size() != 2 || !canary.ok() || *canary != "untouched") std::abort();
  }
};
