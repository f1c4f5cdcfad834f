#include "nsjoin/seccomp.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

namespace pyxis {
namespace {

#if defined(__x86_64__)
constexpr uint32_t native_arch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t native_arch = AUDIT_ARCH_AARCH64;
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
constexpr uint32_t native_arch = AUDIT_ARCH_PPC64LE;
#else
#error "no seccomp table for this architecture"
#endif

// setfsuid/setfsgid and which bits of the argument make its -1: the first ones of i386 take 16-bit ids.
struct FsIdCall {
  uint32_t number;
  uint32_t mask;
};

struct Table {
  uint32_t arch;
  uint32_t number_mask;  // applied to the number of a call before it is compared
  std::vector<uint32_t> calls;
  std::vector<FsIdCall> fs_calls;
};

constexpr uint32_t all_bits = ~0u;
constexpr uint32_t low_half = 0xffff;

Table native_table() {
  Table table{native_arch, all_bits, {}, {{__NR_setfsuid, all_bits}, {__NR_setfsgid, all_bits}}};
  table.calls = {__NR_fchown,   __NR_fchownat,  __NR_setuid,    __NR_setgid,   __NR_setreuid,
                 __NR_setregid, __NR_setresuid, __NR_setresgid, __NR_setgroups};
#ifdef __NR_chown
  table.calls.push_back(__NR_chown);
#endif
#ifdef __NR_lchown
  table.calls.push_back(__NR_lchown);
#endif
#ifdef __X32_SYSCALL_BIT
  table.number_mask =
      ~static_cast<uint32_t>(__X32_SYSCALL_BIT);  // x32 has the same numbers with this bit added
#endif
  return table;
}

#if defined(__x86_64__)
// arch/x86/entry/syscalls/syscall_32.tbl: the 16-bit calls, then their 32-bit forms.
Table i386_table() {
  return {
      AUDIT_ARCH_I386,
      all_bits,
      {/* lchown */ 16,       /* setuid */ 23,       /* setgid */ 46,      /* setreuid */ 70,
       /* setregid */ 71,     /* setgroups */ 81,
       /* fchown */ 95,       /* setresuid */ 164,   /* setresgid */ 170,  /* chown */ 182,
       /* lchown32 */ 198,    /* setreuid32 */ 203,  /* setregid32 */ 204, /* setgroups32 */ 206,
       /* fchown32 */ 207,
       /* setresuid32 */ 208, /* setresgid32 */ 210, /* chown32 */ 212,    /* setuid32 */ 213,
       /* setgid32 */ 214,
       /* fchownat */ 298},
      {{/* setfsuid */ 138, low_half},
       {/* setfsgid */ 139, low_half},
       {/* setfsuid32 */ 215, all_bits},
       {/* setfsgid32 */ 216, all_bits}}};
}
#elif defined(__aarch64__)
// arch/arm/tools/syscall.tbl: 32-bit programs on a 64-bit kernel; its numbers are those of i386 (EABI).
Table arm_table() {
  return {AUDIT_ARCH_ARM,
          all_bits,
          {16,
           23,
           46,
           70,
           71,
           81,
           95,
           164,
           170,
           182,
           198,
           203,
           204,
           206,
           207,
           208,
           210,
           212,
           213,
           214,
           /* fchownat */ 325},
          {{138, low_half}, {139, low_half}, {215, all_bits}, {216, all_bits}}};
}
#endif

class Program {
 public:
  void load(size_t offset) { add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset))); }
  void mask(uint32_t bits) {
    if (bits != all_bits) add(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits));
  }
  void unless_equal_skip(uint32_t value, size_t count) {
    add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, static_cast<uint8_t>(count)));
  }
  void answer(uint32_t action) { add(BPF_STMT(BPF_RET | BPF_K, action)); }
  void append(const Program& other) { code_.insert(code_.end(), other.code_.begin(), other.code_.end()); }
  size_t size() const { return code_.size(); }
  std::vector<sock_filter> take() { return std::move(code_); }

 private:
  void add(sock_filter instruction) { code_.push_back(instruction); }
  std::vector<sock_filter> code_;
};

constexpr uint32_t succeed = SECCOMP_RET_ERRNO | 0;

// The low half of the first argument, which is all of an id.
constexpr size_t first_argument =
    offsetof(seccomp_data, args) + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof(uint32_t) : 0);

// Entered with the call's architecture known to be the table's; every way through it ends in an answer.
Program block(const Table& table) {
  Program program;
  program.load(offsetof(seccomp_data, nr));
  program.mask(table.number_mask);
  for (uint32_t number : table.calls) {
    program.unless_equal_skip(number, 1);
    program.answer(succeed);
  }
  for (const auto& call : table.fs_calls) {
    Program check;
    check.load(first_argument);
    check.mask(call.mask);
    check.unless_equal_skip(call.mask, 1);
    check.answer(SECCOMP_RET_ALLOW);
    check.answer(succeed);
    program.unless_equal_skip(call.number, check.size());
    program.append(check);
  }
  program.answer(SECCOMP_RET_ALLOW);
  return program;
}

bool install(const std::vector<sock_filter>& code) {
  sock_fprog program{static_cast<unsigned short>(code.size()), const_cast<sock_filter*>(code.data())};
  // The filter is no defence against the program it is put on, which need not pay for speculation
  // mitigations. Kernels before 4.17 do not know the flag and answer EINVAL.
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) == 0)
    return true;
  if (errno != EINVAL) return false;
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

}  // namespace

std::vector<sock_filter> ownership_filter() {
  std::vector<Table> tables = {native_table()};
#if defined(__x86_64__)
  tables.push_back(i386_table());
#elif defined(__aarch64__)
  tables.push_back(arm_table());
#endif
  Program program;
  for (const auto& table : tables) {
    auto code = block(table);
    program.load(offsetof(seccomp_data, arch));
    program.unless_equal_skip(table.arch, code.size());
    program.append(code);
  }
  program.answer(SECCOMP_RET_ALLOW);
  return program.take();
}

Result<void> install_ownership_filter() {
  auto code = ownership_filter();
  if (install(code)) return ok();
  if (errno != EACCES) return sys_error("install the seccomp filter");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return sys_error("set no_new_privs");
  if (!install(code)) return sys_error("install the seccomp filter");
  return ok();
}

}  // namespace pyxis
