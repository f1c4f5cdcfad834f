#include "engine/installation.h"

#include <unistd.h>

#include <array>
#include <climits>
#include <map>

namespace pyxis {
namespace {

std::map<std::string, std::string>& provided_parts() {
  static auto& parts = *new std::map<std::string, std::string>;
  return parts;
}

}  // namespace

void provide_part(const std::string& name, const std::string& path) {
  provided_parts()[name] = path;
}

Result<std::string> installed_part(const std::string& name) {
  if (auto part = provided_parts().find(name); part != provided_parts().end()) return part->second;
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
