#include "spank/mounts.h"

#include "contract/mount_list.h"

namespace pyxis::spank {

Result<std::vector<MountRequest>> parse_mounts(const std::string& text) {
  return TRY_CONTEXT(parse_mount_list(text), "--container-mounts");
}

void resolve_sources(std::vector<MountRequest>& mounts, const std::string& directory) {
  for (auto& mount : mounts)
    if (mount.has_path_source() && mount.source.front() != '/') mount.source = directory + "/" + mount.source;
}

MountRequest bind_in_place(const std::string& path, const std::string& options) {
  auto flags = std::string("x-create=auto,rbind,") + own_mount_option;
  return {path, path, options.empty() ? flags : flags + "," + options};
}

}  // namespace pyxis::spank
