#include "engine/runtime_directory.h"

#include <fcntl.h>

#include "base/fs.h"

namespace pyxis {

Result<Fd> find_runtime_directory(const std::string& path) {
  auto directory = TRY(open_path(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  TRY(check_owner(directory.get(), path, "remove it, or set ENROOT_RUNTIME_PATH to a directory of your own"));
  return directory;
}

Result<Fd> open_runtime_directory(const std::string& path) {
  TRY(make_directories(path, 0700));
  return find_runtime_directory(path);
}

}  // namespace pyxis
