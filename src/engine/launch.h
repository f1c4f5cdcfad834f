// An existing container becomes namespaces with its root file system in place.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/environment.h"
#include "base/result.h"
#include "contract/step.h"
#include "engine/container_hooks.h"
#include "engine/devices.h"
#include "engine/image_server.h"
#include "engine/init_program.h"
#include "engine/settings.h"
#include "sandbox/sandbox.h"
#include "store/containers.h"

namespace pyxis {

struct LaunchOptions {
  bool remap_root = false, writable = true, mount_home = false;
  bool superuser = false;  // as in SandboxPlan
  std::vector<MountEntry> mounts;
  std::vector<Namespace> unshare;  // beside user, mount and cgroup
  std::string workdir;             // empty: the image's
  GivenForStart given;
  DevicePlan devices;
  std::optional<InitRequest> init;  // find out what the image starts with
  Fd running_root;                  // of the same container where it runs already: shared with that one
};

struct Launched {
  Sandbox sandbox;
  std::vector<std::string> env;  // the container's own variables, "NAME=value"
  std::string workdir;
  std::string init_name;     // LaunchOptions::init: what that is called; empty: nothing
  RecordedConfig recorded;   // the container's
  ServedImage image_server;  // who serves its image file, if it stands on one
};

// Its use-lock is the caller's business. A container that runs already needs `running_root`. Single-threaded.
Result<Launched> launch_container(const Store& store, const Settings& settings, const ContainerRecord& record,
                                  LaunchOptions options);

// The root file system of a container that does not run.
Result<RootSpec> container_root(const Store& store, const ContainerRecord& record, int server = -1);
// The layers of an image as an overlay takes them, top first; to be read; or applied into one empty
// directory.
Result<std::vector<LayerDirectory>> overlay_layers(const Store& store, const StoredImage& image);
Result<std::vector<Fd>> open_layers(const Store& store, const StoredImage& image);
Result<void> flatten_image(const Store& store, const StoredImage& image, int destination);

// Makes the container of an image: an overlay where the store can, else a flat copy. The caller holds the
// store's images (store/collection.h) since it found the image.
Result<void> make_container(const Store& store, const StoredImage& image, ContainerRecord record);

// Makes a temporary container that shows an image file as it is, with changes on disk where the store can
// and `in_memory` does not ask otherwise. Nothing is unpacked: the file must stay readable while it runs.
Result<void> make_served_container(const Store& store, const std::string& image_file, bool in_memory,
                                   ContainerRecord record);

}  // namespace pyxis
