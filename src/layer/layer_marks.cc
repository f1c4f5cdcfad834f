#include "layer/layer_marks.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/fd.h"
#include "layer/entry_path.h"

namespace pyxis {
namespace {

constexpr const char* plain_remedy =
    "keep the store on a local file system (ext4, xfs, btrfs), or use flat containers";

Result<bool> make_marker(int dir, const std::string& name) {
  Fd fd(::openat(dir, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!fd && errno == EEXIST) return false;
  if (!fd) return sys_error("create " + name);
  return true;
}

}  // namespace

bool is_whiteout(const struct stat& info) {
  return S_ISCHR(info.st_mode) && info.st_rdev == makedev(0, 0);
}

Result<void> make_whiteout(int dir, const std::string& name, LayerForm form) {
  if (form == LayerForm::plain) {
    TRY(make_marker(dir, std::string(whiteout_prefix) + name));
    return ok();
  }
  // Allowed to everyone for 0:0 since Linux 5.8.
  if (::mknodat(dir, name.c_str(), S_IFCHR, makedev(0, 0)) != 0) {
    auto error = sys_error("make whiteout");
    if (error.code == EPERM) error.remedy = plain_remedy;
    return error;
  }
  // Where no layer below has the directory, overlayfs lists it as it is and shows the whiteouts in it, unless
  // it bears an origin; an empty one means "copied up from somewhere" (fs/overlayfs/inode.c, ovl_get_inode).
  ::fsetxattr(dir, origin_xattr, "", 0, 0);
  return ok();
}

Result<bool> make_opaque(int dir, LayerForm form) {
  if (form == LayerForm::plain) return make_marker(dir, std::string(opaque_marker));
  if (::fsetxattr(dir, opaque_xattr, "y", 1, XATTR_CREATE) == 0) return true;
  if (errno == EEXIST) return false;
  auto error = sys_error("mark opaque");
  if (error.code == ENOTSUP) error.remedy = plain_remedy;
  return error;
}

bool is_opaque(int dir) {
  char value = 0;
  if (::fgetxattr(dir, opaque_xattr, &value, 1) == 1 && value == 'y') return true;
  struct stat info;
  return ::fstatat(dir, std::string(opaque_marker).c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
}

}  // namespace pyxis
