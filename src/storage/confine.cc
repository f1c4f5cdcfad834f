#include "storage/confine.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <vector>

#include "base/fs.h"
#include "sandbox/capabilities.h"
#include "sandbox/landlock.h"

namespace pyxis {
namespace {

constexpr uint64_t to_read = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr uint64_t to_execute = to_read | LANDLOCK_ACCESS_FS_EXECUTE;

// What nobody here needs: other processes, other rights, other views of the system, and the parts of the
// kernel through which rights have been won before.
constexpr std::array never_needed = {SCMP_SYS(ptrace),
                                     SCMP_SYS(process_vm_readv),
                                     SCMP_SYS(process_vm_writev),
                                     SCMP_SYS(kcmp),
                                     SCMP_SYS(pidfd_getfd),
                                     SCMP_SYS(mount),
                                     SCMP_SYS(umount2),
                                     SCMP_SYS(pivot_root),
                                     SCMP_SYS(chroot),
                                     SCMP_SYS(open_tree),
                                     SCMP_SYS(move_mount),
                                     SCMP_SYS(fsopen),
                                     SCMP_SYS(fsconfig),
                                     SCMP_SYS(fsmount),
                                     SCMP_SYS(fspick),
                                     SCMP_SYS(mount_setattr),
                                     SCMP_SYS(kexec_file_load),
                                     SCMP_SYS(quotactl_fd),
                                     SCMP_SYS(setns),
                                     SCMP_SYS(unshare),
                                     SCMP_SYS(bpf),
                                     SCMP_SYS(perf_event_open),
                                     SCMP_SYS(userfaultfd),
                                     SCMP_SYS(io_uring_setup),
                                     SCMP_SYS(add_key),
                                     SCMP_SYS(request_key),
                                     SCMP_SYS(keyctl),
                                     SCMP_SYS(init_module),
                                     SCMP_SYS(finit_module),
                                     SCMP_SYS(delete_module),
                                     SCMP_SYS(kexec_load),
                                     SCMP_SYS(reboot),
                                     SCMP_SYS(swapon),
                                     SCMP_SYS(swapoff),
                                     SCMP_SYS(acct),
                                     SCMP_SYS(quotactl),
                                     SCMP_SYS(personality),
                                     SCMP_SYS(open_by_handle_at),
                                     SCMP_SYS(name_to_handle_at)};

// And what reading an archive does not need either.
constexpr std::array no_archive_needs = {SCMP_SYS(socket),        SCMP_SYS(socketpair),
                                         SCMP_SYS(connect),       SCMP_SYS(bind),
                                         SCMP_SYS(listen),        SCMP_SYS(accept),
                                         SCMP_SYS(accept4),       SCMP_SYS(execve),
                                         SCMP_SYS(execveat),      SCMP_SYS(fork),
                                         SCMP_SYS(vfork),         SCMP_SYS(kill),
                                         SCMP_SYS(tkill),         SCMP_SYS(pidfd_send_signal),
                                         SCMP_SYS(pidfd_open),    SCMP_SYS(shmget),
                                         SCMP_SYS(shmat),         SCMP_SYS(semget),
                                         SCMP_SYS(msgget),        SCMP_SYS(mq_open),
                                         SCMP_SYS(inotify_init1), SCMP_SYS(fanotify_init),
                                         SCMP_SYS(memfd_create)};

constexpr std::array no_network_needs = {SCMP_SYS(execve),
                                         SCMP_SYS(execveat),
                                         SCMP_SYS(fork),
                                         SCMP_SYS(vfork),
                                         SCMP_SYS(kill),
                                         SCMP_SYS(tkill),
                                         SCMP_SYS(pidfd_send_signal),
                                         SCMP_SYS(pidfd_open),
                                         SCMP_SYS(listen),
                                         SCMP_SYS(accept),
                                         SCMP_SYS(accept4),
                                         SCMP_SYS(shmget),
                                         SCMP_SYS(shmat),
                                         SCMP_SYS(semget),
                                         SCMP_SYS(msgget),
                                         SCMP_SYS(mq_open),
                                         SCMP_SYS(chmod),
                                         SCMP_SYS(fchmod),
                                         SCMP_SYS(fchmodat),
                                         SCMP_SYS(chown),
                                         SCMP_SYS(fchown),
                                         SCMP_SYS(lchown),
                                         SCMP_SYS(fchownat),
                                         SCMP_SYS(setxattr),
                                         SCMP_SYS(lsetxattr),
                                         SCMP_SYS(fsetxattr),
                                         SCMP_SYS(utimensat)};

struct FreeFilter {
  void operator()(void* filter) const { seccomp_release(filter); }
};

template <size_t... N>
Result<void> refuse_calls(const std::array<int, N>&... lists) {
  std::unique_ptr<void, FreeFilter> filter(seccomp_init(SCMP_ACT_ALLOW));
  if (!filter) return sys_error("seccomp filter", ENOMEM);
  int code = 0;
  auto refuse = [&](const auto& list) {
    for (int call : list)
      if (code == 0) code = seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 0);
  };
  (refuse(lists), ...);
  // A new user namespace would give back what was given up. The flags of clone3(2) cannot be seen: the C
  // library then takes clone(2).
  if (code == 0) code = seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  for (uint64_t flag :
       {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP})
    if (code == 0)
      code = seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag));
  if (code == 0) code = seccomp_load(filter.get());
  if (code != 0) return sys_error("seccomp filter", -code);
  return ok();
}

// What serving mounts takes, with what the C and C++ libraries do for memory and for ending.
constexpr std::array mounting_needs = {
    SCMP_SYS(poll),    SCMP_SYS(ppoll),      SCMP_SYS(recvfrom),      SCMP_SYS(sendmsg),
    SCMP_SYS(openat2), SCMP_SYS(open_tree),  SCMP_SYS(read),          SCMP_SYS(fstat),
    SCMP_SYS(lseek),   SCMP_SYS(newfstatat), SCMP_SYS(close),         SCMP_SYS(kill),
    SCMP_SYS(brk),     SCMP_SYS(mmap),       SCMP_SYS(munmap),        SCMP_SYS(mremap),
    SCMP_SYS(madvise), SCMP_SYS(futex),      SCMP_SYS(clock_gettime), SCMP_SYS(restart_syscall),
    SCMP_SYS(wait4),   SCMP_SYS(exit),       SCMP_SYS(exit_group),    SCMP_SYS(rt_sigreturn)};

Result<void> limit(__rlimit_resource resource, rlim_t most) {
  rlimit value{};
  if (::getrlimit(resource, &value) != 0) return sys_error("getrlimit");
  value.rlim_cur = value.rlim_max = std::min(value.rlim_max, most);
  if (::setrlimit(resource, &value) != 0) return sys_error("setrlimit");
  return ok();
}

}  // namespace

Result<void> confine_mounter() {
  std::unique_ptr<void, FreeFilter> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter) return sys_error("seccomp filter", ENOMEM);
  int code = 0;
  for (int call : mounting_needs)
    if (code == 0) code = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0);
  if (code == 0) code = seccomp_load(filter.get());
  if (code != 0) return sys_error("seccomp filter", -code);
  return ok();
}

Result<void> become_keeper(const Owner& owner) {
  if (::setgroups(0, nullptr) != 0 || ::setresgid(owner.gid, owner.gid, owner.gid) != 0 ||
      ::setresuid(owner.uid, owner.uid, owner.uid) != 0)
    return sys_error("become the store's user");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return sys_error("no_new_privs");
  TRY(limit(RLIMIT_CORE, 0));
  TRY(limit(RLIMIT_MEMLOCK, 0));
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return sys_error("prctl");
  return ok();
}

Result<void> confine_to_store(const std::string& store, const std::string& programs) {
  std::vector<Fd> places;
  std::vector<Reach> reach;
  auto add = [&](const std::string& path, uint64_t rights) {
    auto place = open_path(path, O_PATH);
    if (!place.ok()) return;
    reach.push_back({place->get(), rights});
    places.push_back(std::move(*place));
  };
  add(store, rights_over_files() & ~uint64_t{LANDLOCK_ACCESS_FS_EXECUTE});
  // What programs of this package are executed with, and what tells them of names and certificates.
  for (const auto* path : {"/usr", "/lib", "/lib64"}) add(path, to_execute);
  add(programs, to_execute);
  add("/etc", to_read);
  add("/run/systemd/resolve", to_read);
  add("/proc", to_read);
  add("/dev/null", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
  add("/dev/urandom", LANDLOCK_ACCESS_FS_READ_FILE);
  TRY(keep_files(rights_over_files(), reach));
  return refuse_calls(never_needed);
}

Result<void> confine_to_network() {
  std::vector<Fd> places;
  std::vector<Reach> reach;
  for (const auto* path :
       {"/etc", "/usr", "/lib", "/lib64", "/run/systemd/resolve", "/run/nscd", "/dev/urandom"}) {
    auto place = open_path(path, O_PATH);
    if (!place.ok()) continue;
    bool file = std::string_view(path) == "/dev/urandom";
    reach.push_back({place->get(), file ? uint64_t{LANDLOCK_ACCESS_FS_READ_FILE} : to_read});
    places.push_back(std::move(*place));
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return sys_error("no_new_privs");
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return sys_error("prctl");
  TRY(limit(RLIMIT_DATA, rlim_t{1} << 30));
  TRY(keep_files(rights_over_files(), reach));
  return refuse_calls(never_needed, no_network_needs);
}

Result<void> confine_to_layer(int directory) {
  constexpr uint64_t rights =
      to_read | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
      LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_MAKE_CHAR |
      LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | right_to_refer | right_to_truncate;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return sys_error("no_new_privs");
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return sys_error("prctl");
  TRY(limit(RLIMIT_DATA, rlim_t{1} << 30));
  TRY(keep_files(rights_over_files(), {directory, rights}));
  return refuse_calls(never_needed, no_archive_needs);
}

}  // namespace pyxis
