// Images that a container engine on this machine has, through its command line: docker and podman.
#pragma once

#include "importer/image_source.h"

namespace pyxis {

// The id under which the engine has the image now. Errors have the engine's own words.
Result<Digest> daemon_image_id(const SourceContext& context);
Result<std::unique_ptr<ImageSource>> open_daemon_source(const SourceContext& context);

}  // namespace pyxis
