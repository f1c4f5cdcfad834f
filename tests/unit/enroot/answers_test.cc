#include "enroot/answers.h"

#include <gmock/gmock.h>

namespace pyxis::enroot {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Version, IsReadFromTheBareVersion) {
  EXPECT_EQ(parse_version("3.4.1\n"), (Version{3, 4, 1}));
  EXPECT_EQ(parse_version("4.1.0"), (Version{4, 1, 0}));
  EXPECT_EQ(parse_version("3.10"), (Version{3, 10, 0}));
  EXPECT_EQ(parse_version("4.0.0-1\nmore"), (Version{4, 0, 0}));
}

TEST(Version, IsNothingWhereTheTextIsOfAnotherForm) {
  for (const char* text :
       {"", "\n", "3", "3.", "3.x", "3.4.", "3.4.1beta", "enroot 3.4.1", "v3.4.1", "-1.2.3", "3 .4"})
    EXPECT_EQ(parse_version(text), std::nullopt) << text;
}

TEST(Version, OlderOnesAreRefusedByName) {
  EXPECT_TRUE(check_version("/usr/bin/enroot", "3.1.0\n").ok());
  EXPECT_TRUE(check_version("/usr/bin/enroot", "4.1.0\n").ok());
  for (const char* old : {"3.0.2", "3.0", "2.9.9"}) {
    auto checked = check_version("/opt/enroot", old);
    ASSERT_FALSE(checked.ok());
    EXPECT_THAT(checked.error().text(), HasSubstr(std::string("/opt/enroot is enroot ") + old));
    EXPECT_THAT(checked.error().text(), HasSubstr("enroot 3.1.0 or later"));
  }
}

TEST(Version, UnknownOnesAreRefusedAsTheyAre) {
  auto checked = check_version("/opt/enroot", "Enroot, \x1b[1mthe\x1b[0m newest\nsecond line");
  ASSERT_FALSE(checked.ok());
  EXPECT_THAT(checked.error().text(), HasSubstr("/opt/enroot does not tell a version"));
  EXPECT_THAT(checked.error().text(), HasSubstr("\"Enroot, \\x1b[1mthe\\x1b[0m newest\""));
}

TEST(List, IsALineForEachName) {
  EXPECT_THAT(listed_names("pyxis_a\npyxis_with blank\n"), ElementsAre("pyxis_a", "pyxis_with blank"));
  EXPECT_THAT(listed_names(""), IsEmpty());
}

// As the spec describes it: further processes of a container have an empty name.
constexpr const char* table =
    "NAME           PID    COMM          STATE  STARTED      TIME      MNTNS       USERNS      COMMAND\n"
    "pyxis_7.0      4711   leader        S      Mar01 10:00  00:00:01  4026532233  4026532232  "
    "/.pyxis/leader /x\n"
    "               4712   tmux: server  Ss     10:00        00:00:00  4026532233  4026532232  tmux new 12\n"
    "pyxis_a\n"
    "pyxis_a b      99     sh            R      10:00        00:00:00  4026532301  4026532300  sh\n"
    "pyxis_c 5\n"
    "pyxis_cc       100    sh            R      10:00        00:00:00  4026532401  4026532400  sh\n";

TEST(Table, GivesTheProcessesOfAContainer) {
  auto container = find_container(table, "pyxis_7.0");
  EXPECT_TRUE(container.exists);
  ASSERT_THAT(container.processes, SizeIs(2));
  EXPECT_EQ(container.processes[0].pid, 4711);
  EXPECT_TRUE(container.processes[0].mentions(4026532233));
  EXPECT_TRUE(container.processes[0].mentions(4026532232));
  EXPECT_FALSE(container.processes[0].mentions(4026532301));
  EXPECT_EQ(container.processes[1].pid, 4712);
  EXPECT_TRUE(container.processes[1].mentions(4026532232));
}

TEST(Table, TellsAContainerThatDoesNotRunFromNone) {
  auto at_rest = find_container(table, "pyxis_a");
  EXPECT_TRUE(at_rest.exists);
  EXPECT_THAT(at_rest.processes, IsEmpty());
  EXPECT_FALSE(find_container(table, "pyxis_b").exists);
  EXPECT_FALSE(find_container(table, "NAME").exists);
  EXPECT_FALSE(find_container("", "pyxis_a").exists);
}

TEST(Table, TellsNamesApartThatBeginAlike) {
  EXPECT_THAT(find_container(table, "pyxis_a b").processes, SizeIs(1));
  EXPECT_FALSE(find_container(table, "pyxis_c").exists);
  EXPECT_TRUE(find_container(table, "pyxis_c 5").exists);
  EXPECT_FALSE(find_container(table, "pyxis_7").exists);
}

TEST(Table, LinesOfAnotherFormAreNoProcesses) {
  auto container = find_container(
      "NAME  PID\n"
      "c     12  sh  S  10:00  00:00:00\n"
      "      0   sh  S  10:00  00:00:00  1  2  sh\n",
      "c");
  EXPECT_FALSE(container.exists);
  EXPECT_THAT(container.processes, IsEmpty());
}

}  // namespace
}  // namespace pyxis::enroot
