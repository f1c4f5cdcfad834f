// What root asks of the shared store. It is done by this process, which is the store's user from then on.
#pragma once

#include <span>

#include "base/result.h"
#include "storage/storage_arguments.h"

namespace pyxis {

// Prints what has gone, unless quiet. Error where one of the images that are named has to stay.
Result<void> collect_here(const CollectArguments& arguments);
// Prints what there is, as a table.
Result<void> list_here(std::span<char* const> words);
// `words` name images: all are pinned (or unpinned), or none.
Result<void> pin_here(std::span<char* const> words, bool pinned);

}  // namespace pyxis
