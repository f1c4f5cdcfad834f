// Images of registries.
#pragma once

#include "importer/image_source.h"

namespace pyxis {

Result<std::unique_ptr<ImageSource>> open_registry_source(const SourceContext& context);

}  // namespace pyxis
