// /proc/self/mountinfo. proc(5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pyxis {

struct MountRecord {
  int id = 0, parent = 0;
  std::string mount_point;    // unescaped, as the process sees it
  uint64_t attributes = 0;    // MOUNT_ATTR_*
  std::string type, options;  // of the file system
};

Result<std::vector<MountRecord>> read_mountinfo();
std::vector<MountRecord> parse_mountinfo(std::string_view text);
// The mount with that id first, then everything mounted below it, parents before children.
std::vector<MountRecord> mounts_below(const std::vector<MountRecord>& all, int id);

// The id of the mount a descriptor (also O_PATH) lies in, and the type of its file system ("ext4", "nfs4").
Result<int> mount_id_of(int fd);
Result<std::string> filesystem_type_of(int fd);

// The byte that `text` begins with in the form "\040" of fstab(5) and mountinfo, or nothing.
std::optional<char> octal_escape(std::string_view text);
std::string unescape_octal(std::string_view text);

}  // namespace pyxis
