#include "sandbox/landlock.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/fd.h"

namespace pyxis {
namespace {

// How many rights each version knows; they are numbered from bit 0.
constexpr std::array rights_of_versions = {0, 13, 14, 15, 15, 16};

}  // namespace

uint64_t rights_over_files() {
  // Before Linux 5.13, or not switched on: ENOSYS, EOPNOTSUPP.
  long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  auto known = std::clamp<long>(version, 0, rights_of_versions.size() - 1);
  return (uint64_t{1} << rights_of_versions[static_cast<size_t>(known)]) - 1;
}

Result<void> keep_files(uint64_t rights, std::span<const Reach> reach) {
  rights &= rights_over_files();
  if (rights == 0) return ok();
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = rights;
  // The one field that all versions know.
  Fd rules(static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes.handled_access_fs, 0)));
  if (!rules) return sys_error("landlock_create_ruleset");
  for (const auto& each : reach) {
    if (each.place < 0) continue;
    landlock_path_beneath_attr beneath{};
    beneath.allowed_access = each.rights & rights;
    beneath.parent_fd = each.place;
    if (::syscall(SYS_landlock_add_rule, rules.get(), LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) != 0)
      return sys_error("landlock_add_rule");
  }
  if (::syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0) return sys_error("landlock_restrict_self");
  return ok();
}

}  // namespace pyxis
