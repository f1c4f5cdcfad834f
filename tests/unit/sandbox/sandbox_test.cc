#include "sandbox/sandbox.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "base/fs.h"
#include "base/text.h"
#include "support.h"

namespace pyxis {
namespace {

using ::testing::HasSubstr;

// A root in which the host's own programs run.
SandboxPlan host_plan(const std::string& dir) {
  auto plan = overlay_plan(dir);
  add_shipped_mounts(plan);
  for (auto path : {"/usr", "/bin", "/lib", "/lib64"})
    if (exists(path)) plan.late.push_back(from_mount_request(path, path, "ro"));
  return plan;
}

SandboxCommand shell(const std::string& script) {
  return {{"sh", "-c", script}, {}, {"PATH=/usr/bin:/bin"}, "/", false};
}

int run(const Sandbox& sandbox, const SandboxCommand& command) {
  auto status = run_in_sandbox(sandbox.namespaces, command);
  EXPECT_EQ(text_of(status), "");
  return status.ok() ? shell_status(*status) : -1;
}

std::string status_field(std::string_view name) {
  for (const auto& line : split(content("/proc/self/status"), '\n'))
    if (line.starts_with(name)) return std::string(trim(line.substr(name.size() + 1)));
  return {};
}

TEST(Sandbox, RunsACommandAsTheUser) {
  as_user([](const std::string& dir) {
    auto sandbox = create_sandbox(host_plan(dir));
    ASSERT_EQ(text_of(sandbox), "");
    auto uid = std::to_string(::getuid());
    EXPECT_EQ(
        run(*sandbox, shell("test $(id -u) = " + uid + " && ! test -e /home && echo hi > /made && exit 7")),
        7);
    EXPECT_EQ(content(dir + "/upper/made"), "hi\n");
    inside(*sandbox, [] {
      EXPECT_EQ(status_field("CapEff"), "0000000000000000");
      EXPECT_EQ(status_field("CapBnd"), "0000000000000000");
      struct statvfs info;
      ASSERT_EQ(::statvfs("/sys", &info), 0);
      EXPECT_TRUE(info.f_flag & ST_RDONLY);
    });
    // Nothing of it is seen outside.
    EXPECT_FALSE(exists(dir + "/mnt/made"));
    EXPECT_THAT(content("/proc/self/mountinfo"), ::testing::Not(HasSubstr(dir)));
  });
}

TEST(Sandbox, CompleteSeesAllMountsAndEnteredIsInside) {
  as_user([](const std::string& dir) {
    auto plan = host_plan(dir);
    plan.writable = false;
    plan.complete = [&](const Preparation& preparation) -> Result<void> {
      EXPECT_TRUE(exists(preparation.rootfs_path + "/usr/bin"));
      EXPECT_TRUE(exists(dir));
      make_file(preparation.rootfs_path + "/made", "before");
      return ok();
    };
    plan.entered = [&]() -> Result<void> {
      EXPECT_FALSE(exists(dir));
      EXPECT_EQ(content("/made"), "before");
      EXPECT_EQ(open_path("/made", O_WRONLY).error().code, EROFS);
      EXPECT_NE(status_field("CapEff"), "0000000000000000");
      return ::testing::Test::HasFailure() ? fail("see above") : ok();
    };
    ASSERT_EQ(text_of(create_sandbox(plan)), "");
    plan.entered = [] { return Result<void>(fail("not today")); };
    EXPECT_THAT(text_of(create_sandbox(plan)), HasSubstr("not today"));
    plan.complete = [](const Preparation&) { return Result<void>(fail("not now")); };
    EXPECT_THAT(text_of(create_sandbox(plan)), HasSubstr("not now"));
  });
}

TEST(Sandbox, RemappedToRootKeepsCapabilities) {
  as_user([](const std::string& dir) {
    auto plan = host_plan(dir);
    plan.remap_root = true;
    auto sandbox = create_sandbox(plan);
    ASSERT_EQ(text_of(sandbox), "");
    auto command = shell(
        "test $(id -u) = 0 && grep -q 'CapEff:.*[1-9a-f]' /proc/self/status && mkdir /x && mount -t tmpfs t "
        "/x");
    command.keep_capabilities = true;
    EXPECT_EQ(run(*sandbox, command), 0);
    EXPECT_TRUE(exists(dir + "/upper/x"));
  });
}

TEST(Sandbox, ReadOnlyRoot) {
  as_user([](const std::string& dir) {
    auto plan = overlay_plan(dir);
    plan.writable = false;
    plan.late.push_back(from_mount_request("tmpfs", "/tmp", ""));
    auto sandbox = create_sandbox(plan);
    ASSERT_EQ(text_of(sandbox), "");
    inside(*sandbox, [] {
      EXPECT_EQ(open_path("/file", O_WRONLY | O_CREAT, 0644).error().code, EROFS);
      EXPECT_TRUE(open_path("/tmp/file", O_WRONLY | O_CREAT, 0644).ok());
    });
  });
}

TEST(Sandbox, FlatDirectory) {
  as_user([](const std::string& dir) {
    auto plan = overlay_plan(dir);
    plan.root = DirectoryRoot{dir + "/layer0"};
    auto sandbox = create_sandbox(plan);
    ASSERT_EQ(text_of(sandbox), "");
    inside(*sandbox, [] { make_file("/file", "x"); });
    EXPECT_EQ(content(dir + "/layer0/file"), "x");
  });
}

TEST(Sandbox, PrepareIsPrivilegedAndMayAddMounts) {
  as_user([](const std::string& dir) {
    auto plan = host_plan(dir);
    plan.prepare = [&](Preparation& preparation) -> Result<void> {
      make_file(preparation.rootfs_path + "/from-prepare",
                content(preparation.rootfs_path + "/proc/self/comm"));
      preparation.late.push_back(from_mount_request("tmpfs", "/added", ""));
      preparation.report = "word";
      // A hook is a program of its own and keeps its capabilities.
      auto hook = TRY(
          spawn({.program = "/bin/sh",
                 .arguments = {"sh", "-c", "mount -t tmpfs hook " + preparation.rootfs_path + "/sys/kernel"},
                 .environment = {"PATH=/usr/bin:/bin"}}));
      EXPECT_EQ(TRY(hook.wait()), 0);
      return ok();
    };
    auto sandbox = create_sandbox(plan);
    ASSERT_EQ(text_of(sandbox), "");
    EXPECT_EQ(sandbox->report, "word");
    inside(*sandbox, [] {
      EXPECT_TRUE(exists("/added"));
      EXPECT_TRUE(exists("/from-prepare"));
      EXPECT_THAT(content("/proc/self/mountinfo"), HasSubstr("/sys/kernel rw"));
    });
    EXPECT_TRUE(open_in_root(sandbox->root.get(), "/from-prepare", O_RDONLY).ok());
  });
}

TEST(Sandbox, ErrorsArriveWhole) {
  as_user([](const std::string& dir) {
    auto plan = overlay_plan(dir);
    plan.prepare = [](Preparation&) -> Result<void> {
      return sys_error("hook 10-x.sh", EBUSY).with_remedy("do that");
    };
    auto failed = create_sandbox(plan);
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().message, "hook 10-x.sh: Device or resource busy");
    EXPECT_EQ(failed.error().remedy, "do that");
    EXPECT_EQ(failed.error().code, EBUSY);
    plan.prepare = [](Preparation&) -> Result<void> { throw std::runtime_error("thrown"); };
    EXPECT_EQ(text_of(create_sandbox(plan)), "thrown");
    plan.prepare = [](Preparation&) -> Result<void> {
      ::kill(::getpid(), SIGKILL);
      return ok();
    };
    EXPECT_THAT(text_of(create_sandbox(plan)), HasSubstr("killed by signal 9"));
    plan.prepare = nullptr;
    plan.late.push_back(from_mount_request("/no/such", "/x", ""));
    EXPECT_THAT(text_of(create_sandbox(plan)), HasSubstr("source path does not exist: /no/such"));
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);  // no child is left
    EXPECT_EQ(errno, ECHILD);
  });
}

TEST(Sandbox, OwnHostNameAndNetwork) {
  as_user([](const std::string& dir) {
    auto plan = host_plan(dir);
    plan.extra = {Namespace::uts, Namespace::net, Namespace::ipc, Namespace::cgroup};
    plan.hostname = "inner";
    auto sandbox = create_sandbox(plan);
    ASSERT_EQ(text_of(sandbox), "");
    EXPECT_EQ(sandbox->namespaces.size(), 6u);
    inside(*sandbox, [] {
      EXPECT_EQ(content("/proc/sys/kernel/hostname"), "inner\n");
      EXPECT_THAT(content("/proc/net/fib_trie"), HasSubstr("127.0.0.1"));
      EXPECT_THAT(content("/proc/self/cgroup"), HasSubstr(":/\n"));
    });
  });
}

TEST(Sandbox, OwnPids) {
  as_user([](const std::string& dir) {
    auto plan = host_plan(dir);
    plan.extra = {Namespace::pid};
    auto sandbox = create_sandbox(plan);
    ASSERT_EQ(text_of(sandbox), "");
    EXPECT_EQ(run(*sandbox, shell("test $$ -lt 10 && grep -q pyxis-init /proc/1/comm && kill -9 $$")),
              128 + SIGKILL);
    EXPECT_EQ(run(*sandbox, shell("(true &) ; exit 3")), 3);
    auto init = open_pidfd(sandbox->init.pid());
    ASSERT_EQ(text_of(init), "");
    sandbox->leash.reset();
    pollfd ended{init->get(), POLLIN, 0};
    EXPECT_EQ(::poll(&ended, 1, 10000), 1);
  });
}

TEST(Sandbox, DiesWithItsMaker) {
  as_user([](const std::string& dir) {
    ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    auto plan = overlay_plan(dir);
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    plan.prepare = [&](Preparation&) -> Result<void> {
      EXPECT_EQ(::write(ready[1], "x", 1), 1);
      for (;;) ::pause();
    };
    pid_t maker = ::fork();
    if (maker == 0) {
      (void)create_sandbox(plan).ok();
      ::_exit(0);
    }
    char byte;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    ::kill(maker, SIGKILL);
    int status = 0, ends = 0;
    while (::waitpid(-1, &status, 0) > 0) {
      EXPECT_EQ(WTERMSIG(status), SIGKILL);
      ++ends;
    }
    EXPECT_EQ(ends, 2);
  });
}

TEST(RunInSandbox, FailuresAreNamed) {
  as_user([](const std::string& dir) {
    auto sandbox = create_sandbox(host_plan(dir));
    ASSERT_EQ(text_of(sandbox), "");
    auto failure = [&](SandboxCommand command) {
      return text_of(run_in_sandbox(sandbox->namespaces, command));
    };
    EXPECT_EQ(failure({{"no-such-program"}, {}, {"PATH=/usr/bin"}}),
              "execute no-such-program: No such file or directory; not found in the container's PATH");
    EXPECT_EQ(failure({{"/etc/hosts"}, {}}), "execute /etc/hosts: Permission denied");
    EXPECT_EQ(failure({{"true"}, {}, {"PATH=/usr/bin"}, "/absent"}),
              "working directory /absent: No such file or directory");
    EXPECT_EQ(failure({}), "execute: No such file or directory");
  });
}

// Shells take descriptors of one digit.
int free_digit() {
  for (int fd = 3; fd <= 9; ++fd)
    if (::fcntl(fd, F_GETFD) < 0) return fd;
  return -1;
}

TEST(RunInSandbox, ForwardsSignals) {
  as_user([](const std::string& dir) {
    for (bool pids : {false, true}) {
      // First, so that the sandbox's descriptors get other numbers.
      int ready[2], never[2];
      ASSERT_EQ(::pipe(ready), 0);
      ASSERT_EQ(::pipe(never), 0);
      int out = free_digit(), in;
      ASSERT_EQ(::dup2(ready[1], out), out);
      ASSERT_EQ(::dup2(never[0], in = free_digit()), in);
      auto plan = host_plan(dir);
      if (pids) plan.extra = {Namespace::pid};
      auto sandbox = create_sandbox(plan);
      ASSERT_EQ(text_of(sandbox), "");
      pid_t self = ::getpid();
      pid_t sender = ::fork();
      if (sender == 0) {
        for (int fd : {ready[1], out}) ::close(fd);
        char byte;
        if (::read(ready[0], &byte, 1) == 1) ::kill(self, SIGUSR1);
        ::_exit(0);
      }
      auto script = "trap 'exit 9' USR1; echo >&" + std::to_string(out) + "; read x <&" + std::to_string(in);
      EXPECT_EQ(run(*sandbox, shell(script)), 9) << pids;
      for (int fd : {ready[0], ready[1], never[0], never[1], out, in}) ::close(fd);
      ::waitpid(sender, nullptr, 0);
    }
  });
}

TEST(OpenNamespaces, OfARunningProcess) {
  as_user([](const std::string& dir) {
    auto plan = host_plan(dir);
    plan.extra = {Namespace::pid};
    auto sandbox = create_sandbox(plan);
    ASSERT_EQ(text_of(sandbox), "");
    auto set = open_namespaces(sandbox->init.pid(), {Namespace::user, Namespace::mount, Namespace::pid});
    ASSERT_EQ(text_of(set), "");
    auto status = run_in_sandbox(*set, shell("grep -q pyxis-init /proc/1/comm"));
    ASSERT_EQ(text_of(status), "");
    EXPECT_EQ(*status, 0);
  });
}

}  // namespace
}  // namespace pyxis
