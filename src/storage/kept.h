// What stands on images of the shared store: containers, and steps that run.
#pragma once

#include <fcntl.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/fs.h"
#include "base/result.h"
#include "image/digest.h"
#include "store/store.h"

namespace pyxis {

// The containers of each user in his own store on this node: their paths; or that of the directory they are
// in, where they cannot be told. Root looks, at names only.
struct UserContainers {
  std::set<std::string> paths;
  uint64_t listed = 0;  // seconds since 1970: what was made since may be missing
};
Result<UserContainers> list_user_containers(const std::string& root, const std::string& host);

// Which images containers stand on, and who keeps what he does not need any more.
class Kept {
 public:
  static Result<Kept> read(const Store& store, const std::string& root, const UserContainers& containers);

  // One of those that stand on the image: its path, empty where that cannot be told. Nothing where none does.
  std::optional<std::string> container_on(const Digest& image) const;
  // Forgets containers that are gone. One that was noted lately may still be about to be made.
  void forget_gone() const;

 private:
  Fd all_;
  uint64_t listed_ = 0;
  std::map<std::string, std::string> containers_;  // by the digits of the image
  std::vector<std::string> gone_;
};

// A step that runs holds its lock.
bool used_by_step(const Store& store, const Digest& image);

// Gives each entry of a directory that is one itself, as name and descriptor; what is none, or is gone
// meanwhile, does not count.
template <class Visit>
Result<void> each_directory(int parent, Visit&& visit) {
  for (const auto& name : TRY(list_directory(parent)))
    if (auto directory = open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW); directory.ok())
      TRY(visit(name, directory->get()));
  return ok();
}

}  // namespace pyxis
