#include "imagefile/confine.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <span>

#include "base/fs.h"

namespace pyxis {
namespace {

// All rights over files that the first version of Landlock knows, but that to list directories, which those
// of the mount are.
constexpr uint64_t file_rights =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |
    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
    LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
constexpr uint64_t unpacking_rights = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                                      LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                      LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM;

// Hard links from one directory to another, which version 1 (Linux 5.13 to 5.18) never allows.
uint64_t right_to_link() {
  long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0;
}

// The one place where files are to be reached, as a directory or file (O_PATH will do), and how.
struct Reach {
  int place = -1;
  uint64_t rights = 0;
};

Result<void> keep_files(const Reach& reach) {
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = file_rights | reach.rights;
  Fd rules(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  if (!rules) {
    if (errno == ENOSYS || errno == EOPNOTSUPP) return ok();  // before Linux 5.13, or not switched on
    return sys_error("landlock_create_ruleset");
  }
  if (reach.place >= 0) {
    landlock_path_beneath_attr beneath{};
    beneath.allowed_access = reach.rights;
    beneath.parent_fd = reach.place;
    if (::syscall(SYS_landlock_add_rule, rules.get(), LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) != 0)
      return sys_error("landlock_add_rule");
  }
  if (::syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0) return sys_error("landlock_restrict_self");
  return ok();
}

// What reading, answering and the C library's memory, threads and signals take. All else is EPERM.
constexpr std::array allowed_calls = {
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(close),
    SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(lseek), SCMP_SYS(fcntl),
    SCMP_SYS(ftruncate),
    // /dev/fuse and its clones; Landlock says which files. Directories of the mount.
    SCMP_SYS(openat), SCMP_SYS(ioctl), SCMP_SYS(getdents64), SCMP_SYS(readlinkat),
    // The engine: that it is an image, and the device.
    SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(poll),
    SCMP_SYS(ppoll), SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect),
    SCMP_SYS(madvise), SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
    SCMP_SYS(futex), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(gettid), SCMP_SYS(getpid),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(gettimeofday),
#ifdef __SANITIZE_ADDRESS__
    // Its way to find out whether memory can be read.
    SCMP_SYS(pipe2),
#endif
    SCMP_SYS(getrandom), SCMP_SYS(prlimit64), SCMP_SYS(restart_syscall), SCMP_SYS(exit),
    SCMP_SYS(exit_group)};

// Making a tree. With the mode of a fifo, mknodat makes no device; Landlock, too, forbids those.
constexpr std::array unpacking_calls = {SCMP_SYS(mkdirat),   SCMP_SYS(symlinkat), SCMP_SYS(linkat),
                                        SCMP_SYS(mknodat),   SCMP_SYS(pwrite64),  SCMP_SYS(fchmod),
                                        SCMP_SYS(fchmodat),  SCMP_SYS(fsetxattr), SCMP_SYS(utimensat),
                                        SCMP_SYS(ftruncate), SCMP_SYS(alarm),     SCMP_SYS(rt_sigtimedwait)};

struct FreeFilter {
  void operator()(void* filter) const { seccomp_release(filter); }
};

Result<void> keep_calls(std::span<const int> more = {}) {
  std::unique_ptr<void, FreeFilter> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter) return sys_error("seccomp filter", ENOMEM);
  for (int call : allowed_calls)
    if (int code = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0); code != 0)
      return sys_error("seccomp filter", -code);
  for (int call : more)
    if (int code = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0); code != 0)
      return sys_error("seccomp filter", -code);
  // abort(3) signals the process itself.
  if (int code = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                  SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(::getpid())));
      code != 0)
    return sys_error("seccomp filter", -code);
  if (int code = seccomp_load(filter.get()); code != 0) return sys_error("load the seccomp filter", -code);
  return ok();
}

}  // namespace

Result<void> confine_to_serving() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return sys_error("no_new_privs");
  // Each further thread of the server has a device of its own, cloned from the first (FUSE_DEV_IOC_CLONE).
  auto device = open_path("/dev/fuse", O_PATH);
  Reach reach;
  if (device.ok()) reach = {device->get(), LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE};
  TRY(keep_files(reach));
  return keep_calls();
}

Result<void> confine_to_unpacking(int directory) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return sys_error("no_new_privs");
  TRY(keep_files({directory, unpacking_rights | right_to_link()}));
  return keep_calls(unpacking_calls);
}

}  // namespace pyxis
