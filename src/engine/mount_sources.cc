#include "engine/mount_sources.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/text.h"

namespace pyxis {

Result<void> check_mount_sources(const std::vector<MountRequest>& mounts) {
  for (const auto& mount : mounts) {
    bool of_step = std::ranges::count(split(mount.flags, ','), own_mount_option) > 0;
    if (of_step || !mount.has_path_source()) continue;
    struct stat info;
    // What only its owner can look at may exist: then mounting it decides.
    if (::stat(mount.source.c_str(), &info) != 0 && (errno == ENOENT || errno == ENOTDIR))
      return fail("--container-mounts: source path does not exist: " + mount.source, "check it on this node");
  }
  return ok();
}

}  // namespace pyxis
