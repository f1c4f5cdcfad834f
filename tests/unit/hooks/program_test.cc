// Hooks that are programs: how they end, and what becomes of what they print.
#include "hooks/program.h"

#include <signal.h>

#include "../base/scratch.h"

namespace pyxis {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::text_of;

class HookProgram : public testing::Scratch {
 protected:
  Result<void> run(const std::string& script) {
    write("hook.sh", "#!/bin/sh\n" + script);
    EXPECT_EQ(::chmod(path("hook.sh").c_str(), 0755), 0);
    return run_hook_program(path("hook.sh"), {"PATH=/usr/bin:/bin", "WORD=given"});
  }
  // What goes to the log of a hook that works.
  std::string logged(const std::string& script) {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(text_of(run(script)), "");
    return ::testing::internal::GetCapturedStderr();
  }
};

TEST_F(HookProgram, LinesAreLoggedWithTheHooksName) {
  EXPECT_EQ(logged("echo \"$WORD\"; echo '[WARN] careful' >&2; echo '[ERROR] bad'; echo '[INFO] fine'"),
            "[INFO] hook.sh: given\n[WARN] hook.sh: careful\n[ERROR] hook.sh: bad\n[INFO] hook.sh: fine\n");
  EXPECT_EQ(logged(":"), "");
}

TEST_F(HookProgram, StderrCanBeOpenedAgain) {
  EXPECT_EQ(logged("echo one; echo two >/dev/stderr; echo three"),
            "[INFO] hook.sh: one\n[INFO] hook.sh: two\n[INFO] hook.sh: three\n");
}

TEST_F(HookProgram, AFailureHasStatusAndOutputAsItIs) {
  EXPECT_EQ(text_of(run("echo '  one'; echo two >&2; exit 7")),
            "hook " + path("hook.sh") + " exited with status 7:\n  one\ntwo");
  EXPECT_EQ(text_of(run("exit 1")), "hook " + path("hook.sh") + " exited with status 1, and printed nothing");
  EXPECT_THAT(text_of(run("kill -KILL $$")), HasSubstr("killed by signal 9"));
}

TEST_F(HookProgram, InputIsReadToItsEnd) {
  ::testing::internal::CaptureStderr();
  ProgramCall call{"hook x", "x", "/bin/sh", {"sh", "-c", "cat; echo .; cat"}, "{\"a\": 1}"};
  EXPECT_EQ(text_of(run_program(call, {"PATH=/usr/bin:/bin"})), "");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "[INFO] x: {\"a\": 1}.\n");
}

TEST_F(HookProgram, OneThatTakesTooLongIsKilledWithWhatItHasStarted) {
  ProgramCall call{"hook x",  "x",
                   "/bin/sh", {"sh", "-c", "echo begun; sleep 600 & echo $! >pid; exec sleep 600"},
                   {},        std::chrono::seconds(1)};
  call.arguments[2].replace(call.arguments[2].find(">pid"), 4, ">" + path("pid"));
  EXPECT_EQ(text_of(run_program(call, {"PATH=/usr/bin:/bin"})),
            "hook x did not end within 1 s, and was killed:\nbegun");
  auto other = static_cast<pid_t>(std::stol(read_file(path("pid")).value()));
  if (auto ended = open_pidfd(other); ended.ok()) {
    EXPECT_TRUE(readable_within(ended->get(), std::chrono::seconds(20)));
  }
  call.arguments[2] = "exec >&- 2>&-; exit 3";
  EXPECT_EQ(text_of(run_program(call, {"PATH=/usr/bin:/bin"})),
            "hook x exited with status 3, and printed nothing");
}

TEST_F(HookProgram, OfLongOutputTheEndIsKept) {
  auto error =
      text_of(run("i=0; while [ $i -lt 20000 ]; do echo \"line $i\"; i=$((i+1)); done; echo last; exit 1"));
  EXPECT_LT(error.size(), 70000u);
  EXPECT_THAT(error, EndsWith("\nline 19999\nlast"));
  EXPECT_THAT(error, Not(HasSubstr("line 10\n")));
}

// What is wanted of a program is wanted whole; what it says beside that is told in part.
TEST_F(HookProgram, AllOfAResultIsTaken) {
  auto result = [&](const std::string& script) {
    return program_output({"script", "script", "/bin/sh", {"sh", "-c", script}}, {"PATH=/usr/bin:/bin"});
  };
  ::testing::internal::CaptureStderr();
  auto output = result("seq 100000; seq 100000 200000 >&2; echo last >&2");
  auto log = ::testing::internal::GetCapturedStderr();
  ASSERT_EQ(text_of(output), "");
  EXPECT_THAT(*output, ::testing::StartsWith("1\n2\n"));
  EXPECT_THAT(*output, EndsWith("\n100000\n"));
  EXPECT_THAT(log, EndsWith("[INFO] script: last\n"));
  EXPECT_EQ(testing::code_of(result("head -c 20000000 /dev/zero")), EFBIG);
}

TEST_F(HookProgram, InputIsEmpty) {
  EXPECT_EQ(logged("cat; echo end"), "[INFO] hook.sh: end\n");
}

TEST_F(HookProgram, WhatItLeavesRunningIsNotWaitedFor) {
  EXPECT_EQ(text_of(run("sleep 60 & echo $! >" + path("pid"))), "");
  ::kill(std::stoi(read("pid")), SIGKILL);
}

TEST_F(HookProgram, OneThatCannotBeExecutedIsNamed) {
  auto missing = run_hook_program(path("none.sh"), {});
  EXPECT_THAT(text_of(missing), HasSubstr("hook: execute " + path("none.sh") + ": No such file"));
}

}  // namespace
}  // namespace pyxis
