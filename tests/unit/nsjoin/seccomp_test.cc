#include "nsjoin/seccomp.h"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cstring>
#include <string>

#include "base/fs.h"
#include "in_child.h"

namespace pyxis {
namespace {

// An ordinary user, whatever the tests run as: the calls below must fail without the filter.
void become_ordinary() {
  if (::geteuid() != 0) return;
  constexpr gid_t nogroup = 65534;
  constexpr uid_t nobody = 65534;
  if (::setgroups(0, nullptr) != 0 || ::setgid(nogroup) != 0 || ::setuid(nobody) != 0) ::_exit(100);
}

bool status_has(const std::string& line) {
  auto status = read_file("/proc/self/status");
  return status.ok() && status->find("\n" + line + "\n") != std::string::npos;
}

TEST(OwnershipFilter, ShowsInTheStatus) {
  EXPECT_EQ(in_child([] {
              become_ordinary();
              if (!install_ownership_filter().ok()) return 1;
              if (!status_has("Seccomp:\t2")) return 2;
              return status_has("NoNewPrivs:\t1") ? 0 : 3;
            }),
            0);
}

TEST(OwnershipFilter, LeavesNewPrivilegesWhereCapable) {
  if (::geteuid() != 0) GTEST_SKIP() << "run as an ordinary user: only root has the capability";
  EXPECT_EQ(in_child([] {
              if (!install_ownership_filter().ok()) return 1;
              return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
            }),
            0);
}

TEST(OwnershipFilter, ChangesOfOwnerSucceedAndDoNothing) {
  EXPECT_EQ(in_child([] {
              become_ordinary();
              if (!install_ownership_filter().ok()) return 1;
              if (::chown("/", 1, 1) != 0 || ::lchown("/", 1, 1) != 0) return 2;
              Fd root(::open("/", O_RDONLY | O_CLOEXEC));
              if (::fchown(root.get(), 1, 1) != 0) return 3;
              if (::fchownat(root.get(), "etc", 1, 1, 0) != 0) return 4;
              struct stat info;
              return ::stat("/", &info) == 0 && info.st_uid != 1 ? 0 : 5;
            }),
            0);
}

TEST(OwnershipFilter, ChangesOfIdentitySucceedAndDoNothing) {
  EXPECT_EQ(in_child([] {
              become_ordinary();
              uid_t before = ::getuid();
              if (!install_ownership_filter().ok()) return 1;
              if (::setuid(1) != 0 || ::setgid(1) != 0) return 2;
              if (::setreuid(1, 1) != 0 || ::setregid(1, 1) != 0) return 3;
              if (::setresuid(1, 1, 1) != 0 || ::setresgid(1, 1, 1) != 0) return 4;
              gid_t group = 1;
              if (::setgroups(1, &group) != 0) return 5;
              return ::getuid() == before ? 0 : 6;
            }),
            0);
}

TEST(OwnershipFilter, TheFileSystemIdCanStillBeAskedFor) {
  EXPECT_EQ(in_child([] {
              become_ordinary();
              auto uid = static_cast<int>(::getuid());
              if (!install_ownership_filter().ok()) return 1;
              if (::setfsuid(1) != 0 || ::setfsgid(1) != 0) return 2;   // pretended
              if (::setfsuid(static_cast<uid_t>(-1)) != uid) return 3;  // passed on
              return ::setfsgid(static_cast<gid_t>(-1)) == static_cast<int>(::getgid()) ? 0 : 4;
            }),
            0);
}

TEST(OwnershipFilter, StaysThroughExec) {
  EXPECT_EQ(in_child([] {
              become_ordinary();
              if (!install_ownership_filter().ok()) return 1;
              ::execl("/bin/sh", "sh", "-c", "grep -q 'Seccomp:.2' /proc/self/status && chown 1:1 /",
                      nullptr);
              return 2;
            }),
            0);
}

#if defined(__x86_64__)
// What the kernel would answer: the few instructions that the filter is made of. Not every kernel can run
// i386 calls.
uint32_t answer(uint32_t arch, uint32_t number, uint32_t argument) {
  seccomp_data data{};
  data.arch = arch;
  data.nr = static_cast<int>(number);
  data.args[0] = argument;
  uint32_t accumulator = 0;
  auto code = ownership_filter();
  for (size_t at = 0; at < code.size(); ++at) {
    const auto& step = code[at];
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&accumulator, reinterpret_cast<const char*>(&data) + step.k, sizeof accumulator);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        accumulator &= step.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        at += accumulator == step.k ? step.jt : step.jf;
        break;
      case BPF_RET | BPF_K:
        return step.k;
      default:
        ADD_FAILURE() << "unknown instruction " << step.code;
        return 0;
    }
  }
  ADD_FAILURE() << "ran off the end";
  return 0;
}

constexpr uint32_t pretended = SECCOMP_RET_ERRNO;
constexpr uint32_t passed_on = SECCOMP_RET_ALLOW;

TEST(OwnershipFilter, KnowsTheI386Calls) {
  for (uint32_t number :
       {16, 23, 46, 70, 71, 81, 95, 164, 170, 182, 198, 203, 204, 206, 207, 208, 210, 212, 213, 214, 298})
    EXPECT_EQ(answer(AUDIT_ARCH_I386, number, 1), pretended) << number;
  for (uint32_t number : {138, 139}) {  // setfsuid, setfsgid: 16-bit ids
    EXPECT_EQ(answer(AUDIT_ARCH_I386, number, 1), pretended);
    EXPECT_EQ(answer(AUDIT_ARCH_I386, number, 0xffff), passed_on);
    EXPECT_EQ(answer(AUDIT_ARCH_I386, number, 0xffffffff), passed_on);
  }
  for (uint32_t number : {215, 216}) {  // their 32-bit forms
    EXPECT_EQ(answer(AUDIT_ARCH_I386, number, 0xffff), pretended);
    EXPECT_EQ(answer(AUDIT_ARCH_I386, number, 0xffffffff), passed_on);
  }
  EXPECT_EQ(answer(AUDIT_ARCH_I386, /* exit */ 1, 0), passed_on);
  EXPECT_EQ(answer(AUDIT_ARCH_I386, __NR_fchownat, 0), passed_on);  // another call's number there
}

TEST(OwnershipFilter, LeavesEverythingElse) {
  for (uint32_t number : {__NR_read, __NR_execve, __NR_mount, __NR_getuid, __NR_capset})
    EXPECT_EQ(answer(AUDIT_ARCH_X86_64, number, 0), passed_on) << number;
  EXPECT_EQ(answer(AUDIT_ARCH_X86_64, /* chown32 of i386 */ 212, 0), passed_on);
  EXPECT_EQ(answer(AUDIT_ARCH_ARM, 0, 0), passed_on);
}

TEST(OwnershipFilter, KnowsTheX32Calls) {
  constexpr long x32 = 0x40000000;
  EXPECT_EQ(in_child([] {
              become_ordinary();
              if (!install_ownership_filter().ok()) return 1;
              return ::syscall(x32 + __NR_setuid, 1) == 0 ? 0 : 2;
            }),
            0);
}
#endif

}  // namespace
}  // namespace pyxis
