// Images of the store as users name them.
#pragma once

#include <string>

#include "base/result.h"
#include "store/collection.h"

namespace pyxis::cli {

// By name ("debian:trixie") or by digest ("sha256:..." or at least twelve digits of it, as `pyxis images`
// shows). Error where none or several are meant.
Result<InventoryImage> image_named(const Store& store, const Inventory& inventory, const std::string& name);

// "2026-01-31 12:00", in the user's time zone.
std::string date_text(uint64_t seconds);

}  // namespace pyxis::cli
