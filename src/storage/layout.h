// What the node's shared store has besides what every store has (store/store.h):
//
// clang-format off
//   /var/lib/pyxis/                         root's, 0711
//     shared/                               the store's user's, 0700: a store (store/store.h), and
//       images/sha256/<hex>/stack           the directories that a root file system of it is stacked from
//       origins/<hex of a layer>/<sha256>   a place the layer was brought from
//       grants/<uid>/<hex of an image>      that user was granted the image; its date: when
//       kept/<uid>/<hex of an image>/       the containers of that user that were made of it while it was granted:
//                                           a file for each, which has its path
//       proven/<uid>/<hex of a layer>       that user brought the bytes of the layer; its date: when
//     users/<uid>/                          that user's, 0700: the user's own store on this node
// clang-format on
//
// Nobody but the store's user can look into shared/: users get at layers by mounts that the helper hands out.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"

namespace pyxis {

constexpr auto storage_path = "/var/lib/pyxis";
constexpr auto site_configuration = "/etc/enroot";  // whatever users' settings say
constexpr auto storage_user = "_pyxis";

inline std::string shared_store_path(const std::string& root) {
  return root + "/shared";
}
inline std::string user_store_path(const std::string& root, uid_t uid) {
  return root + "/users/" + std::to_string(uid);
}

}  // namespace pyxis
