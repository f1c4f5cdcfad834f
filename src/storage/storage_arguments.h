// The command lines of what root calls `pyxis-storage` for.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "storage/collector.h"

namespace pyxis {

struct CollectArguments {
  ShareLimits limits;
  bool dry_run = false, quiet = false, detach = false;
  std::vector<std::string> images;  // as they were named
};

Result<CollectArguments> parse_collect(std::span<char* const> words);

// Of a command that takes nothing but images.
Result<std::vector<std::string>> parse_images(std::span<char* const> words);
Result<void> refuse_arguments(std::span<char* const> words);

}  // namespace pyxis
