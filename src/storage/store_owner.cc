#include "storage/store_owner.h"

#include <pwd.h>

#include "base/fs.h"
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
  auto self = TRY(read_link("/proc/self/exe"));
  return self.substr(0, self.rfind('/'));
}

}  // namespace pyxis
