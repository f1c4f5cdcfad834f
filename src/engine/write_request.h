// What the engine asks of `pyxis-squash write`. The tree and the directory of the image to come are
// descriptors; the rest is a message in a file that is one, too.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace pyxis {

constexpr int write_tree_fd = 4, write_directory_fd = 5, write_request_fd = 6;

struct WriteRequest {
  struct File {
    std::string path, content;
    mode_t mode = 0644;
  };
  std::string name;      // of the image file, in its directory
  bool replace = false;  // what has that name already
  std::string squash_options;
  unsigned processors = 1;
  std::optional<uint32_t> epoch;
  std::vector<File> extra;  // in the tree's place, or beside it

  std::string encode() const;
  static Result<WriteRequest> decode(std::string_view body);
};

}  // namespace pyxis
