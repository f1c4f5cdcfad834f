#include "imagefile/confine.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <vector>

#include "base/fs.h"
#include "sandbox/capabilities.h"
#include "sandbox/landlock.h"
#include "sandbox/userns.h"

namespace pyxis {
namespace {

// Calls that are allowed whatever their arguments: what reading, answering and the C library's memory,
// threads and signals take. All that is allowed nowhere here is EPERM.
constexpr std::array harmless_calls = {
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(close),
    SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(lseek), SCMP_SYS(ftruncate),
    // The engine: that it is an image, and the device.
    SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(poll),
    SCMP_SYS(ppoll), SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect),
    SCMP_SYS(madvise), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(futex), SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep), SCMP_SYS(gettimeofday),
#ifdef __SANITIZE_ADDRESS__
    // Its way to find out whether memory can be read.
    SCMP_SYS(pipe2),
#endif
    SCMP_SYS(getrandom), SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group)};

// Making a tree.
constexpr std::array unpacking_calls = {SCMP_SYS(openat),   SCMP_SYS(mkdirat),        SCMP_SYS(symlinkat),
                                        SCMP_SYS(pwrite64), SCMP_SYS(fchmod),         SCMP_SYS(fsetxattr),
                                        SCMP_SYS(alarm),    SCMP_SYS(rt_sigtimedwait)};
// Opening what Landlock lets, and having it let less.
constexpr std::array serving_calls = {SCMP_SYS(openat),
                                      SCMP_SYS(openat2),
                                      SCMP_SYS(getdents64),
                                      SCMP_SYS(readlinkat),
                                      SCMP_SYS(landlock_create_ruleset),
                                      SCMP_SYS(landlock_add_rule),
                                      SCMP_SYS(landlock_restrict_self)};

// A call that is allowed with these arguments only. The kernel looks at the lower half of most of them.
struct Rule {
  int call;
  std::vector<scmp_arg_cmp> arguments;
};

constexpr scmp_datum_t lower_half = 0xffffffff;

scmp_arg_cmp argument_is(unsigned number, uint64_t value, uint64_t of_bits = lower_half) {
  return {number, SCMP_CMP_MASKED_EQ, of_bits, value & of_bits};
}
// Not AT_FDCWD, nor any other number below 0.
scmp_arg_cmp is_descriptor(unsigned number) {
  return argument_is(number, 0, 0x80000000);
}
scmp_arg_cmp is_null(unsigned number) {
  return {number, SCMP_CMP_EQ, 0, 0};
}

std::vector<Rule> common_rules() {
  // As pthread_create(3) has it (CLONE_DETACHED: of musl's, and ignored).
  constexpr uint64_t of_a_thread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                                   CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
  std::vector<Rule> rules = {
      {SCMP_SYS(clone), {argument_is(0, of_a_thread, ~uint64_t{CLONE_DETACHED})}},
      {SCMP_SYS(prlimit64), {argument_is(0, 0)}},  // its own
      // abort(3) signals the process itself.
      {SCMP_SYS(tgkill), {argument_is(0, static_cast<uint64_t>(::getpid()))}},
  };
  for (int command : {F_GETFL, F_SETFL, F_GETFD, F_SETFD, F_DUPFD, F_DUPFD_CLOEXEC})
    rules.push_back({SCMP_SYS(fcntl), {argument_is(1, static_cast<uint64_t>(command))}});
#ifdef __SANITIZE_ADDRESS__
  // The search for leaks at the end.
  rules.push_back({SCMP_SYS(clone), {argument_is(0, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_UNTRACED)}});
#endif
  return rules;
}

// Paths are not seen here: an absolute one goes past the descriptor (see confine.h).
std::vector<Rule> unpacking_rules() {
  return {
      {SCMP_SYS(mknodat), {is_descriptor(0), argument_is(2, S_IFIFO, S_IFMT)}},
      {SCMP_SYS(linkat), {is_descriptor(0), is_descriptor(2), argument_is(4, 0)}},
      {SCMP_SYS(utimensat), {is_null(1)}},  // futimens(3)
      {SCMP_SYS(utimensat), {is_descriptor(0), argument_is(3, AT_SYMLINK_NOFOLLOW)}},
  };
}

std::vector<Rule> serving_rules() {
  return {
      {SCMP_SYS(ioctl), {argument_is(1, FUSE_DEV_IOC_CLONE)}},
      // A thread's own table of descriptors (squash/read_ahead.h).
      {SCMP_SYS(unshare), {argument_is(0, CLONE_FILES, ~uint64_t{0})}},
      // Its own priority.
      {SCMP_SYS(sched_setscheduler), {argument_is(0, 0), argument_is(1, SCHED_IDLE)}},
  };
}

struct FreeFilter {
  void operator()(void* filter) const { seccomp_release(filter); }
};

Result<void> keep_calls(std::span<const int> more, const std::vector<Rule>& more_rules) {
  std::unique_ptr<void, FreeFilter> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter) return sys_error("seccomp filter", ENOMEM);
  int code = 0;
  auto add = [&](uint32_t action, const Rule& rule) {
    if (code == 0)
      code = seccomp_rule_add_array(filter.get(), action, rule.call,
                                    static_cast<unsigned>(rule.arguments.size()), rule.arguments.data());
  };
  for (int call : harmless_calls) add(SCMP_ACT_ALLOW, {call, {}});
  for (int call : more) add(SCMP_ACT_ALLOW, {call, {}});
  for (const auto& rule : common_rules()) add(SCMP_ACT_ALLOW, rule);
  for (const auto& rule : more_rules) add(SCMP_ACT_ALLOW, rule);
  // Its flags are behind a pointer; the C library then takes clone(2).
  add(SCMP_ACT_ERRNO(ENOSYS), {SCMP_SYS(clone3), {}});
  if (code == 0) code = seccomp_load(filter.get());
  if (code != 0) return sys_error("seccomp filter", -code);
  return ok();
}

Result<void> give_up_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return sys_error("no_new_privs");
  return ok();
}

// Then no path leads out of it, and ".." neither. Best effort: it takes a user namespace.
void make_root_directory(int directory) {
  auto map = own_id_map(false);
  if (::unshare(CLONE_NEWUSER) != 0) return;
  (void)write_own_id_map(map);
  if (::fchdir(directory) == 0) (void)!::chroot(".");
  (void)drop_capabilities();
}

}  // namespace

Result<void> confine_to_serving() {
  TRY(give_up_privileges());
  if (rights_over_files() == 0) return keep_calls({}, {});
  // Each further thread of the server has a device of its own, cloned from the first (FUSE_DEV_IOC_CLONE).
  // Where the mount's directories will be is not known yet.
  auto device = open_path("/dev/fuse", O_PATH);
  Reach reach;
  if (device.ok())
    reach = {device->get(),
             LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | right_to_use_device};
  TRY(keep_files(rights_over_files() & ~uint64_t{LANDLOCK_ACCESS_FS_READ_DIR}, reach));
  return keep_calls(serving_calls, serving_rules());
}

Result<void> confine_to_mount(int top) {
  return keep_files(LANDLOCK_ACCESS_FS_READ_DIR, {top, LANDLOCK_ACCESS_FS_READ_DIR});
}

Result<void> confine_to_unpacking(int directory) {
  make_root_directory(directory);
  TRY(give_up_privileges());
  constexpr uint64_t rights = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                              LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                              LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM | right_to_refer |
                              right_to_truncate;
  TRY(keep_files(rights_over_files(), {directory, rights}));
  return keep_calls(unpacking_calls, unpacking_rules());
}

}  // namespace pyxis
