// Child processes that are waited for, and the identity of processes across pid reuse.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace pyxis {

// Whom a process runs as: real, effective and saved ids, and the supplementary groups.
struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

// What a child starts with. Descriptors not named in `keep` have O_CLOEXEC and vanish at exec.
struct SpawnRequest {
  std::string program;                 // absolute path, no search
  std::vector<std::string> arguments;  // argv[0] included
  std::vector<std::string> environment;
  // (descriptor here, number there); 0, 1 and 2 are inherited unless named.
  std::vector<std::pair<int, int>> descriptors;
  std::string directory;  // where it starts; empty: here
  // Descriptors above the highest wanted number (and above 2) close at exec, also where their owner forgot
  // O_CLOEXEC.
  bool close_others = false;
  int parent_death_signal = 0;  // prctl(2) PR_SET_PDEATHSIG; 0: none
  bool own_group = false;       // leads a process group: what it starts can be signalled with it
  bool no_new_privileges = false;
  std::optional<Identity> identity;  // whom it runs as; for root only
};

// A child that is killed and reaped when its handle goes out of scope unreaped.
class Child {
 public:
  Child() = default;
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  Child& operator=(Child&& other) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }
  // Returns when it has ended. It is not reaped: until wait(), pid() is still its own and may be signalled.
  Result<void> await_end() const;
  // The wait status (see waitpid(2)); the handle is empty afterwards.
  Result<int> wait();
  // The same of a child that is ending: killed where that takes longer than `limit`. Nothing where it does
  // not even die of that within `limit`, for it hangs in the kernel (a dead file server): it is left alone
  // then.
  std::optional<int> end_within(std::chrono::seconds limit);
  pid_t release() { return std::exchange(pid_, -1); }

 private:
  pid_t pid_ = -1;
};

// Starts a program as posix_spawn(3) does: without a copy of the caller's memory, which takes longer the
// larger that is. The error of a failing exec is reported here. Signal mask and dispositions of the child are
// reset.
Result<Child> spawn(const SpawnRequest& request);

// "exited with 3", "killed by signal 9 (Killed)".
std::string describe_wait_status(int status);
// The exit status a shell would report: the code, or 128 + signal.
int shell_status(int wait_status);

// A process told apart from a later one with the same pid: pid, start time in clock ticks since boot, boot
// id.
struct ProcessIdentity {
  pid_t pid = 0;
  unsigned long long start_time = 0;
  std::string boot_id;
};
// Of a running process; ESRCH where there is none, or only a zombie. start_time is 0 where /proc hides it
// (hidepid).
Result<ProcessIdentity> identify_process(pid_t pid);
bool process_alive(const ProcessIdentity& identity);

// Standard actions for all signals, and none blocked. Allocates nothing.
void reset_signals();
// Closes all descriptors from `first` on. Allocates nothing.
void close_from(int first);

// pidfd_open(2): readable once the process has ended.
Result<Fd> open_pidfd(pid_t pid);

// The process's umask for as long as this lives; then the one before. Files made meanwhile do not depend on
// the caller's.
class UmaskScope {
 public:
  explicit UmaskScope(mode_t mask);
  ~UmaskScope();
  UmaskScope(const UmaskScope&) = delete;
  UmaskScope& operator=(const UmaskScope&) = delete;

 private:
  mode_t before_;
};

}  // namespace pyxis
