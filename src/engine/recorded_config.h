// What a container of a registry's image knows about its start: the image's configuration, and what has been
// changed since in the files that say the same in a container of an image file.
#pragma once

#include <string>

#include "base/result.h"
#include "store/containers.h"
#include "store/store.h"

namespace pyxis {

struct RecordedConfig {
  std::string bytes;          // ContainerRecord::config; empty: the files of the root file system say it all
  bool own_rc = false;        // etc/rc is there, and is not the image's
  std::string own_variables;  // lines of etc/environment that the image's has not
};

// As the container's files are now. A distribution's files of these names, which come with the image, are
// about something else and count for nothing.
Result<RecordedConfig> recorded_config(const Store& store, const ContainerRecord& record);

}  // namespace pyxis
