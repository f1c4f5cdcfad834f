// The kernel's two generations of mount calls behind one interface: descriptors and attributes in, mounts
// out.
#pragma once

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "sandbox/mount_plan.h"

namespace pyxis {

// Where a mount goes or is: a path inside a root. reopen() finds what is mounted on top there now.
struct MountTarget {
  int root = -1;
  std::string path;
  Fd fd;  // O_PATH

  Result<void> reopen();
};

// One change of existing mounts. Propagation is recursive or not, apart from the attributes.
struct MountChange {
  AttributeChange attributes, recursive_attributes;
  std::optional<Propagation> propagation;
  bool recursive_propagation = false;
};

// Errors name the failing call only; the caller says which mount it was for.
class MountApi {
 public:
  virtual ~MountApi() = default;
  // Attaches a copy of the mount at `source` (O_PATH, any type of file), changed, to the target.
  virtual Result<void> bind(int source, bool recursive, const MountChange& change,
                            MountTarget& target) const = 0;
  virtual Result<void> move(int source, MountTarget& target) const = 0;
  virtual Result<void> filesystem(const std::string& type, const std::string& source,
                                  const std::vector<std::string>& data, const MountChange& change,
                                  MountTarget& target) const = 0;
  virtual Result<void> change(const MountChange& change, MountTarget& target) const = 0;
};

const MountApi& modern_mount_api();  // Linux 5.12
const MountApi& legacy_mount_api();  // mount(2); needs /proc
// The best that this kernel has (or a system call filter lets through).
const MountApi& mount_api();

// The MS_* flag.
unsigned long propagation_flag(Propagation propagation);

}  // namespace pyxis
