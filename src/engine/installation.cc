#include "engine/installation.h"

#include <unistd.h>

#include <array>
#include <climits>

namespace pyxis {

Result<std::string> installed_part(const std::string& name) {
  std::array<char, PATH_MAX> buffer;
  ssize_t length = ::readlink("/proc/self/exe", buffer.data(), buffer.size());
  if (length <= 0) return sys_error("/proc/self/exe");
  std::string self(buffer.data(), static_cast<size_t>(length));
  auto directory = self.substr(0, self.rfind('/'));
  for (const auto& path : {directory + "/../libexec/" + name, directory + "/" + name})
    if (::access(path.c_str(), X_OK) == 0) return path;
  return fail(name + " is neither in " + directory + "/../libexec nor in " + directory,
              "install Pyxis as a whole");
}

}  // namespace pyxis
