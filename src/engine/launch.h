// An existing container becomes namespaces with its root file system in place.
#pragma once

#include <string>
#include <vector>

#include "base/environment.h"
#include "base/result.h"
#include "contract/step.h"
#include "engine/settings.h"
#include "sandbox/sandbox.h"
#include "store/containers.h"

namespace pyxis {

struct LaunchOptions {
  bool remap_root = false, writable = true, mount_home = false;
  std::vector<MountEntry> mounts;
  std::vector<Namespace> unshare;  // beside user, mount and cgroup
  std::string workdir;             // empty: the image's
  Fd running_root;                 // of the same container where it runs already: shared with that one
};

struct Launched {
  Sandbox sandbox;
  std::vector<std::string> env;  // the container's own variables, "NAME=value"
  std::string workdir;
  std::vector<std::string> entrypoint, cmd;  // of the image
};

// Its use-lock is the caller's business. A container that runs already needs `running_root`. Single-threaded.
Result<Launched> launch_container(const Store& store, const Settings& settings, const ContainerRecord& record,
                                  LaunchOptions options);

// Makes the container of an image: an overlay where the store can, else a flat copy.
Result<void> make_container(const Store& store, const StoredImage& image, ContainerRecord record);

}  // namespace pyxis
