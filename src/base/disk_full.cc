#include "base/disk_full.h"

#include <sys/statvfs.h>

#include "base/fs.h"
#include "base/text.h"

namespace pyxis {

Error explain_full_disk(Error error, int directory, std::string_view help) {
  if (error.code != ENOSPC && error.code != EDQUOT) return error;
  auto path = read_link(fd_path(directory));
  auto where = path.ok() ? printable(*path) : std::string("the directory written to");
  struct statvfs info;
  if (error.code == EDQUOT) {
    error.remedy = "your quota on the file system that holds " + where +
                   " is used up: remove files of yours or have it raised";
  } else if (::fstatvfs(directory, &info) == 0) {
    // What did not fit is gone again by now.
    bool room = info.f_bavail > info.f_blocks / 20 && info.f_favail >= info.f_files / 20;
    error.remedy = "the file system that holds " + where + (room ? " is too small for it: " : " is full: ") +
                   human_bytes(info.f_bavail * info.f_frsize) + " of " +
                   human_bytes(info.f_blocks * info.f_frsize) + " and " + std::to_string(info.f_favail) +
                   " of " + std::to_string(info.f_files) + " inodes are left; " + std::string(help);
  }
  return error;
}

}  // namespace pyxis
