#include "namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/fs.h"

namespace pyxis::testing {
namespace {

Result<void> write_proc(const std::string& path, const std::string& text) {
  auto fd = TRY(open_path(path, O_WRONLY));
  return write_all(fd.get(), text);
}

Result<void> enter() {
  auto uid = std::to_string(::geteuid()), gid = std::to_string(::getegid());
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return sys_error("unshare");
  TRY(write_proc("/proc/self/setgroups", "deny"));
  TRY(write_proc("/proc/self/uid_map", "0 " + uid + " 1"));
  TRY(write_proc("/proc/self/gid_map", "0 " + gid + " 1"));
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return sys_error("mount");
  return ok();
}

}  // namespace

std::string in_own_namespaces(const std::function<std::string()>& act) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return "child: pipe";
  Fd reader(ends[0]), writer(ends[1]);
  pid_t pid = ::fork();
  if (pid == 0) {
    auto entered = enter();
    auto text = entered.ok() ? act() : "child: " + entered.error().text();
    ::_exit(write_all(writer.get(), text).ok() ? 0 : 1);
  }
  writer.reset();
  auto text = read_fd(reader.get());
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (!text.ok() || status != 0) return "child: ended with status " + std::to_string(status);
  return *text;
}

}  // namespace pyxis::testing
