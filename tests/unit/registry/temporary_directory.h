// A directory that vanishes with its object.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

namespace pyxis::test {

class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  // Writes a file below it, directories included; its path.
  std::string write(const std::string& name, std::string_view content, mode_t mode = 0600) const;

 private:
  std::string path_;
};

}  // namespace pyxis::test
