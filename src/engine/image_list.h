// Images of a store as people see and name them: the user's own, and the node's.
#pragma once

#include <string>

#include "base/result.h"
#include "base/table.h"
#include "store/collection.h"

namespace pyxis {

// Reference, digest, layers, size, shared size, last use: what is known of an image in any store.
TableRow image_heading();
TableRow image_row(const Inventory& inventory, const InventoryImage& image);

// By name ("debian:trixie") or by digest ("sha256:..." or at least twelve digits of it, as `list_command`
// shows). A name means what it was last resolved to on this platform, else what has been imported by it.
// Error where none or several are meant.
Result<InventoryImage> image_named(const Store& store, const Inventory& inventory, const std::string& name,
                                   const std::string& list_command);

}  // namespace pyxis
