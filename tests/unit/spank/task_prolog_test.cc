#include "spank/task_prolog.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "fake_slurm.h"
#include "temporary.h"

namespace pyxis::spank {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(PrologOutput, AsksForVariablesAndLines) {
  auto wishes = parse_prolog_output(
      "export A=1 2\nexport EMPTY=\nexport QUOTED=\"x=y\"\nunset B\nprint hello  world\nexport A=3\n");
  EXPECT_THAT(wishes.variables, ElementsAre(Pair("A", "1 2"), Pair("EMPTY", ""), Pair("QUOTED", "\"x=y\""),
                                            Pair("B", std::nullopt), Pair("A", "3")));
  EXPECT_EQ(wishes.printed, "hello  world\n");
}

TEST(PrologOutput, OtherLinesAreIgnored) {
  EXPECT_EQ(parse_prolog_output("hello\n exports A=1\nexport\nexport A\nexport =1\nunset \nprint\n\n"),
            PrologWishes());
  EXPECT_EQ(parse_prolog_output(""), PrologWishes());
}

class TaskProlog : public ::testing::Test {
 protected:
  void prolog(const std::string& script) {
    slurm.task_prolog = top.path() + "/prolog";
    std::ofstream(slurm.task_prolog) << "#!/bin/sh\n" << script;
    ::chmod(slurm.task_prolog.c_str(), 0755);
  }
  Temporary top;
  FakeSlurm slurm;
};

TEST_F(TaskProlog, RunsWithTheTasksEnvironmentAndChangesIt) {
  slurm.variables.set("SLURM_PROCID", "3");
  slurm.variables.set("UNWANTED", "1");
  prolog("echo export RANK_OF=$SLURM_PROCID in $SLURM_SCRIPT_CONTEXT; echo unset UNWANTED");
  auto wishes = run_task_prolog(slurm);
  ASSERT_TRUE(wishes.ok()) << wishes.error().text();
  EXPECT_EQ(slurm.variables.get("RANK_OF"), "3 in prolog_task");
  EXPECT_FALSE(slurm.variables.has("UNWANTED"));
  slurm.variables.set("RANK_OF", "the container's");
  slurm.variables.set("UNWANTED", "the container's");
  apply_prolog_variables(slurm, *wishes);
  EXPECT_EQ(slurm.variables.get("RANK_OF"), "3 in prolog_task");
  EXPECT_FALSE(slurm.variables.has("UNWANTED"));
  EXPECT_EQ(slurm.task_prolog, "") << "Slurm would run it, too";
}

TEST_F(TaskProlog, IsNothingWhereTheSiteHasNone) {
  auto wishes = run_task_prolog(slurm);
  ASSERT_TRUE(wishes.ok());
  EXPECT_THAT(wishes->variables, IsEmpty());
}

TEST_F(TaskProlog, IsNamedWhereItFails) {
  prolog("echo export A=1; exit 3");
  auto wishes = run_task_prolog(slurm);
  ASSERT_FALSE(wishes.ok());
  EXPECT_EQ(wishes.error().text(), "TaskProlog " + top.path() + "/prolog: exited with status 3");
  EXPECT_FALSE(slurm.variables.has("A"));
  slurm.task_prolog = "/no/such/prolog";
  EXPECT_THAT(run_task_prolog(slurm).error().text(), HasSubstr("/no/such/prolog: No such file or directory"));
}

}  // namespace
}  // namespace pyxis::spank
