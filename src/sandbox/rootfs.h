// The container's root file system: layers under a writable directory, or one directory.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "sandbox/mount_api.h"

namespace pyxis {

// One read-only layer: a directory; or a mount of one that is attached nowhere yet (open_tree(2) with
// OPEN_TREE_CLONE, as the storage helper hands out); or what the program at the other end of the socket
// `server` (not owned) serves, see sandbox/fuse_mount.h. With the latter two `path` is for messages only.
struct LayerDirectory {
  std::string path;
  Fd mount;
  int server = -1;
};

// Layers, top first, under `upper`; `work` is an empty directory on the same file system as `upper`.
// `passing`: nobody wants the changes after a crash, so nothing is ever written to disk for their sake
// (overlayfs.rst, "Volatile mount"). Else fsync(2) inside does that, and so does the end of the mount: for the
// whole file system that `upper` is on, whoever has written there.
struct OverlayRoot {
  std::vector<LayerDirectory> lower;
  std::string upper, work;
  bool passing = false;
};
// The same with changes kept in memory and dropped with the namespace. tmpfs_size: as tmpfs(5)'s size=,
// empty: its default.
struct EphemeralOverlay {
  std::vector<LayerDirectory> lower;
  std::string tmpfs_size;
};
struct DirectoryRoot {
  std::string path;
};
// A mount that is attached nowhere yet, as clone_root() gives it.
struct DetachedRoot {
  Fd mount;
};
using RootSpec = std::variant<OverlayRoot, EphemeralOverlay, DirectoryRoot, DetachedRoot>;

// Mounts the root on the directory `mount_point`, nosuid and nodev, and gives its top directory (O_PATH).
// Called inside the new user and mount namespaces. Overlays are mounted with userxattr
// (Documentation/filesystems/overlayfs.rst, "User xattr"); up to 500 layers, with any character in their
// paths.
Result<Fd> mount_root(const RootSpec& spec, const std::string& mount_point,
                      const MountApi& api = mount_api());

struct OverlaySupport {
  bool usable = false;
  std::string why;  // where not usable: the failing step and the kernel's words
};
// Whether containers can be overlays in this store directory: mounts one, in namespaces of its own, and
// creates, changes, removes, renames and makes opaque. Leaves nothing behind. An Error means that the
// question could not be put (no user namespace, directory not writable). Takes milliseconds: ask once per
// store and boot. The caller must be single-threaded.
Result<OverlaySupport> probe_overlay(int directory);

}  // namespace pyxis
