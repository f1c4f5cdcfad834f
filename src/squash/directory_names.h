// A directory has one name, whatever an image says: with two in each, forty directories would have as many
// paths as nobody can walk through, and one that holds itself no end of them.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "squash/file_number.h"

namespace pyxis::squash {

// The name of each directory that was asked for: the first one. Any thread.
class DirectoryNames {
 public:
  // Whether directory `number`, found as `name` in directory `parent`, has no other name as far as is known.
  bool is_only(uint64_t number, uint64_t parent, std::string_view name) {
    if (number == top_number) return false;  // it is above all
    std::lock_guard hold(mutex_);
    auto& known = names_.try_emplace(number, parent, name).first->second;
    return known.parent == parent && known.name == name;
  }

 private:
  struct Name {
    uint64_t parent;
    std::string name;
    Name(uint64_t above, std::string_view own) : parent(above), name(own) {}
  };
  std::mutex mutex_;
  std::unordered_map<uint64_t, Name> names_;
};

}  // namespace pyxis::squash
