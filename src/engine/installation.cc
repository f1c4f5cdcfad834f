#include "engine/installation.h"

#include <unistd.h>

#include <map>

#include "base/fs.h"

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
  auto self = TRY(read_link("/proc/self/exe"));
  auto directory = self.substr(0, self.rfind('/'));
  for (const auto& path : {directory + "/../libexec/" + name, directory + "/" + name})
    if (::access(path.c_str(), X_OK) == 0) return path;
  return fail(name + " is neither in " + directory + "/../libexec nor in " + directory,
              "install Pyxis as a whole");
}

}  // namespace pyxis
