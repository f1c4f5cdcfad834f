#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/fs.h"
#include "spank/step.h"

namespace pyxis::spank {

Result<void> make_runtime_path(const std::string& runtime_path) {
  if (::mkdir(runtime_path.c_str(), 0755) == 0) {
    if (::chmod(runtime_path.c_str(), 0755) != 0)
      return sys_error("runtime_path " + runtime_path);  // whatever umask
    return ok();
  }
  int code = errno;
  struct stat info;
  if (::stat(runtime_path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return ok();
  auto error = sys_error("create runtime_path " + runtime_path, code == EEXIST ? ENOTDIR : code);
  if (code == ENOENT)
    error.remedy = "make the directory above it: install -d -m 755 " +
                   runtime_path.substr(0, std::max<size_t>(runtime_path.rfind('/'), 1));
  return error;
}

Result<std::string> make_user_runtime_dir(const std::string& runtime_path, const Identity& user) {
  TRY(make_runtime_path(runtime_path));
  auto path = runtime_path + "/" + std::to_string(user.uid);
  auto parent = TRY_CONTEXT(open_path(runtime_path, O_PATH | O_DIRECTORY), "runtime_path");
  struct stat info;
  if (::fstat(parent.get(), &info) != 0) return sys_error(runtime_path);
  if (info.st_uid != ::geteuid() || (info.st_mode & 022) != 0)
    return fail("runtime_path " + runtime_path + " can be written by others than root",
                "chown root: " + runtime_path + " && chmod go-w " + runtime_path);
  auto directory = TRY_CONTEXT(make_directory_at(parent.get(), std::to_string(user.uid), 0700), runtime_path);
  if (::fstat(directory.get(), &info) != 0) return sys_error(path);
  if (info.st_uid != user.uid && info.st_uid != ::geteuid()) return fail(path + " belongs to another user");
  if ((info.st_uid != user.uid || info.st_gid != user.gid) &&
      ::fchown(directory.get(), user.uid, user.gid) != 0)
    return sys_error("give " + path + " to its user");
  if ((info.st_mode & 07777) != 0700 && ::fchmod(directory.get(), 0700) != 0)
    return sys_error("chmod " + path);
  return path;
}

Account account_of(uid_t uid) {
  Account account;
  std::vector<char> buffer(16 << 10);
  passwd entry{};
  passwd* found = nullptr;
  int code;
  while ((code = ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found)) == ERANGE)
    buffer.resize(buffer.size() * 2);
  if (code == 0 && found) account = {found->pw_name, found->pw_dir};
  return account;
}

}  // namespace pyxis::spank
