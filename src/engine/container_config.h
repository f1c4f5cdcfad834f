// What a container says about itself: the configuration of its image, and the script it starts with.
#pragma once

#include <string>
#include <vector>

#include "base/environment.h"
#include "base/result.h"
#include "engine/recorded_config.h"
#include "image/config.h"
#include "sandbox/fstab.h"

namespace pyxis {

struct ContainerConfig {
  ImageConfig image;
  // A start script (etc/rc) that says more than `image`, as image files of others and changed ones have it.
  std::string rc;
  std::string fstab;  // what the image wants mounted: its etc/fstab, or what that would be
};

// From `recorded`: the image's configuration, and what has been changed in the container since; or where that
// is empty from the files of the root file system, whose values may name variables of `host`. What an image
// has wrong in its files is left out: it is its own affair and stops nobody.
Result<ContainerConfig> container_config(const RecordedConfig& recorded, const Environment& host, int rootfs);

// What an image wants to be memory, as its volumes are: the lines of its fstab that say `tmpfs`. That one of
// them cannot be mounted stops nobody. Others are left out: they would be of a machine that the files come
// from, or reach for what the host has.
std::vector<MountEntry> image_volumes(const std::string& fstab, const Environment& host);

// The text of a file in a root file system; empty where there is none that can be read.
std::string text_in_root(int rootfs, std::string_view path);

}  // namespace pyxis
