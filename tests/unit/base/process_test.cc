#include "base/process.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

#include "scratch.h"

namespace pyxis {
namespace {

using testing::code_of;
using ::testing::HasSubstr;
using testing::in_child;
using testing::text_of;

class Process : public testing::Scratch {
 protected:
  // The request of a shell script whose output is read with finish().
  SpawnRequest script(const std::string& text) {
    return {.program = "/bin/sh", .arguments = {"sh", "-c", text}, .environment = {"PATH=/usr/bin:/bin"}};
  }
  struct Outcome {
    int status = -1;
    std::string output;
  };
  Outcome run(SpawnRequest request) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    Fd reader(ends[0]), writer(ends[1]);
    request.descriptors.emplace_back(writer.get(), 1);
    auto child = spawn(request);
    writer.reset();
    EXPECT_EQ(text_of(child), "");
    if (!child.ok()) return {};
    auto output = read_fd(reader.get());
    auto status = child->wait();
    EXPECT_EQ(text_of(status), "");
    return {status.ok() ? *status : -1, output.ok() ? *output : text_of(output)};
  }
  std::string output_of(SpawnRequest request) { return run(std::move(request)).output; }
};

TEST_F(Process, ExitStatusesAreToldApart) {
  auto seven = run(script("exit 7")).status;
  EXPECT_EQ(shell_status(seven), 7);
  EXPECT_EQ(describe_wait_status(seven), "exited with status 7");
  auto killed = run(script("kill -9 $$")).status;
  EXPECT_EQ(shell_status(killed), 137);
  EXPECT_EQ(describe_wait_status(killed), "killed by signal 9 (Killed)");
}

TEST_F(Process, AFailingExecIsTheCallersError) {
  auto absent = spawn({.program = path("absent"), .arguments = {"absent"}});
  EXPECT_EQ(code_of(absent), ENOENT);
  EXPECT_THAT(text_of(absent), HasSubstr(path("absent")));
  write("text", "no program");
  EXPECT_EQ(code_of(spawn({.program = path("text"), .arguments = {"text"}})), EACCES);
  ASSERT_EQ(::chmod(path("text").c_str(), 0755), 0);
  EXPECT_EQ(code_of(spawn({.program = path("text"), .arguments = {"text"}})), ENOEXEC);
}

// Whoever signals a child by its number may do so until it is reaped.
TEST_F(Process, OneWhoseEndIsAwaitedKeepsItsNumber) {
  auto child = spawn(script("exit 3"));
  ASSERT_TRUE(child.ok());
  pid_t pid = child->pid();
  EXPECT_EQ(text_of(child->await_end()), "");
  EXPECT_EQ(child->pid(), pid);
  EXPECT_EQ(::kill(pid, 0), 0);
  auto status = child->wait();
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(shell_status(*status), 3);
  EXPECT_NE(code_of(child->await_end()), 0);
}

TEST_F(Process, AFailingPreparationIsTheCallersError) {
  auto request = script("true");
  request.directory = path("absent");
  EXPECT_EQ(code_of(spawn(request)), ENOENT);
  request = script("true");
  request.descriptors = {{-1, 3}};
  EXPECT_EQ(code_of(spawn(request)), EBADF);
}

TEST_F(Process, GetsArgumentsEnvironmentAndDirectory) {
  make("here");
  SpawnRequest request{
      .program = "/bin/sh",
      .arguments = {"name", "-c", "echo \"$0|$1|$A|$PYXIS_TEST_PARENT\"; pwd -P", "zero", "a  b"},
      .environment = {"A=x y"},
      .directory = path("here")};
  ASSERT_EQ(::setenv("PYXIS_TEST_PARENT", "leaks", 1), 0);
  char* real = ::realpath(path("here").c_str(), nullptr);
  EXPECT_EQ(output_of(request), "zero|a  b|x y|\n" + std::string(real) + "\n");
  std::free(real);
  ::unsetenv("PYXIS_TEST_PARENT");
}

TEST_F(Process, DescriptorsChangePlaces) {
  write("a", "A");
  write("b", "B");
  in_child([&] {
    Fd a(::open(path("a").c_str(), O_RDONLY | O_CLOEXEC)), b(::open(path("b").c_str(), O_RDONLY | O_CLOEXEC));
    auto request = script("cat <&$1; cat <&$2");
    request.arguments.insert(request.arguments.end(),
                             {"sh", std::to_string(b.get()), std::to_string(a.get())});
    request.descriptors = {{a.get(), b.get()}, {b.get(), a.get()}};
    EXPECT_EQ(output_of(request), "AB");
  });
}

TEST_F(Process, OtherDescriptorsStayBehind) {
  write("secret", "secret");
  Fd careless(::open(path("secret").c_str(), O_RDONLY));  // no O_CLOEXEC
  auto request = script("ls /proc/self/fd/" + std::to_string(careless.get()) + " 2>/dev/null");
  EXPECT_NE(output_of(request), "");
  request.close_others = true;
  EXPECT_EQ(output_of(request), "");
}

TEST_F(Process, SignalsAreAsAtABeginning) {
  in_child([&] {
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGTERM, SIG_IGN);
    EXPECT_EQ(output_of(script("grep -E '^Sig(Blk|Ign)' /proc/self/status")),
              "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
  });
}

TEST_F(Process, NoNewPrivilegesIsPassedOn) {
  auto request = script("grep NoNewPrivs /proc/self/status");
  request.no_new_privileges = true;
  EXPECT_EQ(output_of(request), "NoNewPrivs:\t1\n");
}

TEST_F(Process, RootCanSpawnAsSomebodyElse) {
  if (::geteuid() != 0) {
    auto request = script("true");
    request.identity = Identity{.uid = 0, .gid = 0, .groups = {}};
    EXPECT_EQ(code_of(spawn(request)), EPERM);
    return;
  }
  auto request = script("id -u; id -g; id -G; grep CapEff /proc/self/status");
  request.identity = Identity{.uid = 4321, .gid = 1234, .groups = {1234, 777}};
  EXPECT_EQ(output_of(request), "4321\n1234\n1234 777\nCapEff:\t0000000000000000\n");
}

TEST_F(Process, DiesWithItsParent) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Fd reader(ends[0]), writer(ends[1]);
  in_child([&] {
    auto request = script("exec sleep 1000");
    request.descriptors = {{writer.get(), 1}};
    request.parent_death_signal = SIGKILL;
    auto child = spawn(request);
    ASSERT_EQ(text_of(child), "");
    child->release();
  });
  writer.reset();
  EXPECT_EQ(*read_fd(reader.get()), "");  // ends when the last writer is gone
}

TEST_F(Process, AForgottenChildIsKilledAndReaped) {
  pid_t pid = -1;
  {
    auto child = spawn(script("exec sleep 1000"));
    ASSERT_EQ(text_of(child), "");
    pid = child->pid();
  }
  EXPECT_EQ(::waitpid(pid, nullptr, 0), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST_F(Process, AHandleMoves) {
  auto first = spawn(script("exit 3"));
  ASSERT_EQ(text_of(first), "");
  Child second = std::move(*first);
  EXPECT_EQ(first->pid(), -1);
  auto status = second.wait();
  ASSERT_EQ(text_of(status), "");
  EXPECT_EQ(shell_status(*status), 3);
  EXPECT_EQ(second.pid(), -1);
}

TEST(ProcessIdentity, OfThisProcessIsAlive) {
  auto self = identify_process(::getpid());
  ASSERT_EQ(text_of(self), "");
  EXPECT_EQ(self->pid, ::getpid());
  EXPECT_GT(self->start_time, 0u);
  EXPECT_EQ(self->boot_id.size(), 36u);
  EXPECT_TRUE(process_alive(*self));
}

TEST(ProcessIdentity, AnotherStartTimeOrBootIsAnotherProcess) {
  auto self = identify_process(::getpid());
  ASSERT_EQ(text_of(self), "");
  auto reused = *self, crashed = *self;
  reused.start_time -= 1;
  crashed.boot_id = "00000000-0000-0000-0000-000000000000";
  EXPECT_FALSE(process_alive(reused));
  EXPECT_FALSE(process_alive(crashed));
  EXPECT_FALSE(process_alive({}));
}

TEST(ProcessIdentity, HostileNamesDoNotShiftTheFields) {
  in_child([] {
    auto before = identify_process(::getpid());
    ASSERT_EQ(::prctl(PR_SET_NAME, ") 1 2 (x) S"), 0);
    auto after = identify_process(::getpid());
    ASSERT_EQ(text_of(after), "");
    EXPECT_EQ(after->start_time, before->start_time);
    EXPECT_TRUE(process_alive(*before));
  });
}

TEST(ProcessIdentity, EndedIsEndedEvenBeforeItIsReaped) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Fd reader(ends[0]), writer(ends[1]);
  pid_t pid = ::fork();
  if (pid == 0) {
    writer.reset();
    char byte;
    ::_exit(::read(reader.get(), &byte, 1) == 0 ? 0 : 1);
  }
  auto child = identify_process(pid);
  ASSERT_EQ(text_of(child), "");
  EXPECT_TRUE(process_alive(*child));
  writer.reset();
  siginfo_t info;
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(process_alive(*child));
  ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
  EXPECT_FALSE(process_alive(*child));
  EXPECT_EQ(code_of(identify_process(pid)), ESRCH);
}

TEST(ProcessIdentity, APidfdIsReadableAtTheEnd) {
  pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  auto handle = open_pidfd(pid);
  ASSERT_EQ(text_of(handle), "");
  pollfd ended{handle->get(), POLLIN, 0};
  EXPECT_EQ(::poll(&ended, 1, 10'000), 1);
  ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
  EXPECT_EQ(code_of(open_pidfd(pid)), ESRCH);
}

}  // namespace
}  // namespace pyxis
