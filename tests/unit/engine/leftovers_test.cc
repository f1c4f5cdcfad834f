// Processes of a mount namespace are killed, and nobody else.
#include "engine/leftovers.h"

#include <sched.h>
#include <signal.h>

#include "../base/scratch.h"

namespace pyxis {
namespace {

using testing::text_of;

// A child that waits for its end, in namespaces of its own or not.
class Waiting {
 public:
  explicit Waiting(bool own_namespaces) {
    int ready[2];
    EXPECT_EQ(::pipe2(ready, O_CLOEXEC), 0);
    Fd reader(ready[0]), writer(ready[1]);
    pid_t pid = ::fork();
    if (pid == 0) {
      if (own_namespaces && ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) ::_exit(1);
      ::signal(SIGTERM, SIG_IGN);
      if (::fork() != 0) {  // two processes, of which one is nobody's child to kill
        char byte = 'x';
        (void)!::write(writer.get(), &byte, 1);
      }
      for (;;) ::pause();
    }
    child_ = Child(pid);
    writer.reset();
    char byte;
    started_ = ::read(reader.get(), &byte, 1) == 1;
    // The reader sees the end of the pipe when both processes are gone.
    gone_ = std::move(reader);
  }
  bool started() const { return started_; }
  pid_t pid() const { return child_.pid(); }
  Child& child() { return child_; }
  const Fd& gone() const { return gone_; }

 private:
  Child child_;
  Fd gone_;
  bool started_ = false;
};

Result<Fd> mount_namespace_of(pid_t pid) {
  return open_path("/proc/" + std::to_string(pid) + "/ns/mnt", O_RDONLY);
}

TEST(Leftovers, OfTheNamespaceAreKilledAndOthersAreNot) {
  Waiting leftover(true), other(true);
  ASSERT_TRUE(leftover.started() && other.started()) << "user namespaces are needed here";
  auto wanted = mount_namespace_of(leftover.pid());
  ASSERT_EQ(text_of(wanted), "");
  kill_processes_in(wanted->get());
  auto status = leftover.child().wait();
  ASSERT_EQ(text_of(status), "");
  EXPECT_EQ(shell_status(*status), 128 + SIGKILL);
  char byte;
  EXPECT_EQ(::read(leftover.gone().get(), &byte, 1), 0);  // its own child is gone, too
  EXPECT_EQ(::kill(other.pid(), 0), 0);
  EXPECT_EQ(::waitpid(other.pid(), nullptr, WNOHANG), 0);
  auto others = mount_namespace_of(other.pid());
  ASSERT_EQ(text_of(others), "");
  kill_processes_in(others->get());
}

TEST(Leftovers, TheCallerIsNotOne) {
  testing::in_child([] {
    ASSERT_EQ(::unshare(CLONE_NEWUSER | CLONE_NEWNS), 0);
    auto own = mount_namespace_of(::getpid());
    ASSERT_EQ(text_of(own), "");
    kill_processes_in(own->get());
  });
}

TEST(Leftovers, OfAnEmptyNamespaceAreNone) {
  Result<Fd> kept = fail("not opened");
  {
    Waiting brief(true);
    ASSERT_TRUE(brief.started());
    kept = mount_namespace_of(brief.pid());
    ASSERT_EQ(text_of(kept), "");
    kill_processes_in(kept->get());
  }
  kill_processes_in(kept->get());
  kill_processes_in(-1);
}

}  // namespace
}  // namespace pyxis
