#include "engine/own_mounts.h"

#include <vector>

#include "sandbox/fstab.h"
#include "sandbox/running_mounts.h"

namespace pyxis {

void bind_own_mounts(const StartRequest& request, const NamespaceSet& namespaces, Reporter& reporter) {
  std::vector<MountEntry> own;
  for (const auto& mount : request.mounts) {
    auto entry = from_mount_request(mount.source, mount.target, mount.flags);
    if (entry.has_option(own_mount_option)) own.push_back(std::move(entry));
  }
  auto bound = bind_into_running(namespaces, own);
  if (!bound.ok()) reporter.warn("joining container " + request.container + ": " + bound.error().text());
}

}  // namespace pyxis
