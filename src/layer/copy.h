// Copies single nodes between directories of one owner, sharing data where the file system can.
#pragma once

#include <string>

#include "base/result.h"

namespace pyxis {

// Copies a regular file, symbolic link or fifo to to_dir/to_name, which must not exist, with mode,
// modification time and user.* attributes (never user.overlay.*). Regular files are cloned (FICLONE), else
// copied extent by extent so that holes stay. Any other kind is EINVAL. On an error nothing, or a part, is
// left behind.
Result<void> copy_node(int from_dir, const std::string& from_name, int to_dir, const std::string& to_name);

// Mode (at least u+rwx, without setuid and setgid) and user.* attributes of one directory onto another.
Result<void> copy_directory_attributes(int from, int to);
// The modification time, to be set after the directory's content.
Result<void> copy_time(int from, int to);

}  // namespace pyxis
