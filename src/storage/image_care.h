// What root asks about images of the shared store, and what he has done with them by name. For the store's
// user, with what root has seen.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/table.h"
#include "storage/kept.h"
#include "store/collection.h"

namespace pyxis {

// All of them, below the heading: with what keeps each, and where it is from.
TableRow shared_image_heading();
Result<std::vector<TableRow>> list_shared_images(const Store& store, const std::string& root,
                                                 const UserContainers& containers);

// Names and digests as in engine/image_list.h. All are pinned or none.
Result<void> pin_shared_images(const Store& store, const std::vector<std::string>& names, bool pinned);

// The images that are to go. Error where something keeps one of them. Nothing is held: what comes into use
// afterwards collect_shared() sees.
Result<std::vector<Digest>> removable_images(const Store& store, const std::string& root,
                                             const UserContainers& containers,
                                             const std::vector<std::string>& names);

}  // namespace pyxis
