#include "storage/store_owner.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <string_view>

#include "storage/layout.h"

namespace pyxis {

Result<Owner> find_store_owner() {
  errno = 0;
  const auto* entry = ::getpwnam(storage_user);
  if (!entry)
    return fail(
        std::string("there is no user ") + storage_user,
        std::string("make it: useradd --system --no-create-home --shell /usr/sbin/nologin ") + storage_user);
  if (entry->pw_uid == 0) return fail(std::string("the user ") + storage_user + " is root");
  return Owner{entry->pw_uid, entry->pw_gid};
}

Result<std::string> programs_directory() {
  std::array<char, PATH_MAX> path;
  ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0) return sys_error("/proc/self/exe");
  std::string_view self(path.data(), static_cast<size_t>(length));
  return std::string(self.substr(0, self.rfind('/')));
}

}  // namespace pyxis
