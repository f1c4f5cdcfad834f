#include "base/writers.h"

#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"

namespace pyxis {
namespace {

// In a user namespace, as in a container, files of the host's root appear as those of the overflow id.
bool may_be_roots(uid_t owner) {
  constexpr auto all_ids = "         0          0 4294967295";  // user_namespaces(7)
  auto map = read_file("/proc/self/uid_map", 4096);
  auto overflow = read_file("/proc/sys/kernel/overflowuid", 4096);
  return map.ok() && trim(*map) != trim(all_ids) && overflow.ok() &&
         parse_number<uid_t>(trim(*overflow)) == owner;
}

// With a umask of 0002, as where each user has a group of his own, the group may write all that he makes.
// Whom he has in his primary group is his, or his admin's, to decide.
bool of_user_alone(const struct stat& info) {
  return info.st_uid == ::getuid() && info.st_uid != 0 && info.st_gid == ::getgid();
}

}  // namespace

Result<void> check_writers(const struct stat& info, const std::string& path) {
  if (info.st_uid != 0 && info.st_uid != ::getuid() && !may_be_roots(info.st_uid))
    return Error{path + " belongs to another user (uid " + std::to_string(info.st_uid) + ")",
                 "configuration must belong to root or to you", EPERM};
  mode_t of_others = of_user_alone(info) ? S_IWOTH : S_IWGRP | S_IWOTH;
  if ((info.st_mode & of_others) != 0)
    return Error{path + " can be changed by other users", "chmod go-w " + path, EPERM};
  return ok();
}

}  // namespace pyxis
