// From the index of an OCI layout to a manifest, where documents are at hand by their digests.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "registry/client.h"

namespace pyxis {

// The bytes of a document, checked against its digest and size.
using FindDocument = std::function<Result<std::string>(const Descriptor& document)>;

// `index`: the bytes of index.json; `name` as parse_layout_index() takes it.
Result<ResolvedImage> resolve_in_layout(std::string_view index, const std::string& name,
                                        const Platform& platform, const FindDocument& find);

}  // namespace pyxis
