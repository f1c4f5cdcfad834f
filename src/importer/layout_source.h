// Images in a directory that is an OCI layout (OCI image-spec, image-layout.md).
#pragma once

#include "importer/image_source.h"

namespace pyxis {

Result<std::unique_ptr<ImageSource>> open_layout_source(const SourceContext& context);

}  // namespace pyxis
