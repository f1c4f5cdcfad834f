// Layers as a user sees them: read-only mounts in which the files of the store's owner are the user's.
// mount_setattr(2), MOUNT_ATTR_IDMAP; Documentation/filesystems/idmappings.rst.
#pragma once

#include <sys/types.h>

#include "base/fd.h"
#include "base/result.h"

namespace pyxis {

struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
};

// A user namespace in which the ids of `on_disk` are mapped to those of `seen_as`. For root; single-threaded.
Result<Fd> make_id_map(const Owner& on_disk, const Owner& seen_as);

// A detached mount of the directory, with that map: read-only, nosuid, nodev. For root. EINVAL where the
// kernel or the file system has no id-mapped mounts.
//
// Not for users: whoever attaches such a mount in a mount namespace of his own can make it writable.
Result<Fd> mount_id_mapped(int directory, int id_map);

// A detached mount of a directory below another mount of this mount namespace, with all that is locked there.
Result<Fd> clone_mount(int directory);

}  // namespace pyxis
