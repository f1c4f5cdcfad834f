#include "base/program_output.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

namespace pyxis {
namespace {

SpawnRequest shell(const std::string& script) {
  SpawnRequest request;
  request.program = "/bin/sh";
  request.arguments = {"sh", "-c", script};
  return request;
}

TEST(ProgramOutput, IsWhatItPrintsAndHowItEnded) {
  for (auto patience : {std::optional<std::chrono::seconds>(), std::optional(std::chrono::seconds(60))}) {
    auto output = output_of(shell("cat; echo said; exit 3"), 100, patience);
    ASSERT_TRUE(output.ok()) << output.error().text();
    EXPECT_EQ(output->text, "said\n");
    EXPECT_EQ(WEXITSTATUS(output->status), 3);
  }
}

TEST(ProgramOutput, HasALimit) {
  auto output = output_of(shell("echo too long"), 4);
  ASSERT_FALSE(output.ok());
  EXPECT_EQ(output.error().code, EFBIG);
}

TEST(ProgramOutput, OfOneThatHangsIsNotWaitedFor) {
  auto output = output_of(shell("echo said; exec sleep 1000"), 100, std::chrono::seconds(0));
  EXPECT_TRUE(!output.ok() || WIFSIGNALED(output->status));
}

TEST(ProgramOutput, OfWhatIsNotThereIsAnError) {
  SpawnRequest request;
  request.program = "/nowhere/program";
  request.arguments = {"program"};
  EXPECT_FALSE(output_of(request, 100).ok());
}

}  // namespace
}  // namespace pyxis
