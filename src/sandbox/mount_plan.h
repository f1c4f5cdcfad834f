// What a mount entry means: which kernel operation, with which attributes, on which kind of mount point. Pure
// data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sandbox/fstab.h"

namespace pyxis {

// Attributes to set and to clear, MOUNT_ATTR_* of mount_setattr(2). What neither names stays as it is; a bind
// keeps the attributes of its source, as a user namespace requires of those its parent has set.
struct AttributeChange {
  uint64_t set = 0, clear = 0;
  bool empty() const { return set == 0 && clear == 0; }
  bool operator==(const AttributeChange&) const = default;
};

enum class MountAction { bind, filesystem, remount, move, detach };
enum class Propagation { private_mount, slave, shared, unbindable };
enum class CreateTarget { none, directory, file, like_source };

struct PlannedMount {
  MountAction action = MountAction::bind;
  bool recursive = false;                // bind: with what is mounted below the source
  std::string source, target, type;      // type: filesystem only
  AttributeChange attributes;            // of the mount itself
  AttributeChange recursive_attributes;  // of it and everything mounted below it
  std::optional<Propagation> propagation;
  bool recursive_propagation = false;
  CreateTarget create = CreateTarget::none;
  // A failure is not fatal; it is told unless `silent` or the source just does not exist.
  bool nofail = false;
  bool silent = false;
  std::string origin;             // of the entry
  std::vector<std::string> data;  // options for the file system, "name" or "name=value"

  std::string describe() const;  // "mount SOURCE on TARGET", "unmount TARGET": the step an error names
};

// The options are those of mount(8): later ones win; x-create=dir|file|auto, x-move, x-detach, nofail and
// silent are the engine's own; defaults, _netdev and foreign x-* words mean nothing here, sync, lazytime and
// their kin nothing for a bind; whatever else is
// known to nobody goes to the file system, and for a bind, which has none, is an error that names it.
// Attributes of a recursive bind are recursive. Type "none" without an action is a recursive bind.
Result<PlannedMount> plan_mount(const MountEntry& entry);
Result<std::vector<PlannedMount>> plan_mounts(const std::vector<MountEntry>& entries);

}  // namespace pyxis
