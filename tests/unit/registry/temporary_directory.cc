#include "temporary_directory.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <stdexcept>

#include "base/fs.h"

namespace pyxis::test {

TemporaryDirectory::TemporaryDirectory() {
  std::string name = std::filesystem::temp_directory_path() / "pyxis-test-XXXXXX";
  if (!::mkdtemp(name.data())) throw std::runtime_error("mkdtemp " + name);
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryDirectory::write(const std::string& name, std::string_view content, mode_t mode) const {
  auto path = path_ + "/" + name;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  auto written = write_file(AT_FDCWD, path, content, mode);
  if (!written.ok() || ::chmod(path.c_str(), mode) != 0) throw std::runtime_error("write " + path);
  return path;
}

}  // namespace pyxis::test
