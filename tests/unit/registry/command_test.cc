#include "registry/command.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "temporary_directory.h"

namespace pyxis {
namespace {

using testing::HasSubstr;

CommandRequest shell(const std::string& script) {
  CommandRequest request;
  request.program = "/bin/sh";
  request.arguments = {"sh", "-c", script};
  request.environment.set("PATH", "/usr/bin:/bin");
  return request;
}

TEST(Command, InputOutputAndStatus) {
  auto request = shell("cat; echo bad >&2; exit 3");
  request.input = "in";
  auto output = run_command(request, {}).value();
  EXPECT_EQ(output.out, "in");
  EXPECT_EQ(output.err, "bad\n");
  EXPECT_EQ(WEXITSTATUS(output.status), 3);
}

TEST(Command, LargeOutputIsCompleteAndEndlessOneEnds) {
  EXPECT_EQ(run_command(shell("head -c 900000 /dev/zero"), {}).value().out.size(), 900000u);
  EXPECT_THAT(run_command(shell("exec cat /dev/zero"), {}).error().text(), HasSubstr("more than 1.0 MB"));
}

TEST(Command, DoesNotWaitForWhatItLeavesBehind) {
  auto output = run_command(shell("sleep 1000 & echo $!"), {}).value();
  EXPECT_EQ(::kill(std::stoi(output.out), SIGKILL), 0);
}

TEST(Command, DeadlineAndStopEndIt) {
  auto request = shell("exec sleep 1000");
  request.deadline = std::chrono::seconds(0);
  EXPECT_THAT(run_command(request, {}).error().text(), HasSubstr("in time"));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(run_command(shell("exec sleep 1000"), stop.get_token()).error().code, ECANCELED);
}

TEST(Command, FindsProgramsInAbsoluteDirectoriesOnly) {
  test::TemporaryDirectory directory;
  directory.write("here", "#!/bin/sh\n", 0700);
  directory.write("plain", "", 0600);
  Environment environment;
  environment.set("PATH", ".:nowhere::/nonexistent:" + directory.path());
  EXPECT_EQ(find_program("here", environment), directory.path() + "/here");
  EXPECT_EQ(find_program("absent", environment), "");
  if (::geteuid() != 0) {
    EXPECT_EQ(find_program("plain", environment), "");
  }
}

}  // namespace
}  // namespace pyxis
