// The part of the helper that makes mounts, and all that it does for as long as it lives: it takes the digest
// of an image and answers with mounts of its layers, if the user was granted that image. It reads no message
// of a user's and opens nothing outside the store.
//
// A mount that is only made read-only is not so for whom it is given to: in a mount namespace of his own a
// user may take that back (mount_setattr(2)), and own all layers, for the files are his by the id map. What a
// less privileged user namespace has inherited is locked (mount_namespaces(7), "Restrictions on mount
// namespaces"), and so are its clones. So root attaches one id-mapped, read-only mount of the whole store in
// a mount namespace; this process goes into a user namespace, whose copy of that mount is locked; and users
// get clones of directories in it. Besides, it has no privilege outside of that user namespace.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "storage/id_mapped.h"

namespace pyxis {

struct MountService {
  Fd store;   // the shared store's directory, as its owner sees it
  Fd layers;  // the same in the locked mount
  uid_t user = 0;
};

// For root, single-threaded: this process moves into namespaces of its own, becomes `owner` there and gives
// up all else. `store_path` is where the store is, also for who must not see a difference.
// `last_as_root` is run, by another process, when all else has gone well.
Result<MountService> become_mounter(const std::string& store_path, const Owner& owner, const Owner& user,
                                    const std::function<Result<void>()>& last_as_root);

// The mounts of the image, top first. EACCES where the user was not granted it, ENOENT where it is not there.
Result<std::vector<Fd>> mount_image(const MountService& service, const std::string& hex);

// Says that it is ready, with an answer of no mounts, and answers orders until the other end is closed.
// Once `leash` is let go the keeper gets some seconds to end, and is killed then, whatever it does.
void serve_mounts(const MountService& service, int socket, int leash, pid_t keeper);

}  // namespace pyxis
