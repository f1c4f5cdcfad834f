#include "enroot/tool.h"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>

#include "base/fs.h"

namespace pyxis::enroot {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A script in enroot's place.
class ToolTest : public ::testing::Test {
 protected:
  ToolTest() {
    char name[] = "/tmp/pyxis-tool-XXXXXX";
    top = ::mkdtemp(name);
  }
  ~ToolTest() override { (void)remove_tree(-100 /* AT_FDCWD */, top); }
  Tool enroot(const std::string& script) {
    std::ofstream(top + "/enroot") << "#!/bin/sh\n" << script;
    ::chmod((top + "/enroot").c_str(), 0755);
    auto tool =
        Tool::find("", Environment::from({"PATH=/no/such:relative:" + top + ":/usr/bin:/bin", "GIVEN=1"}));
    EXPECT_TRUE(tool.ok()) << tool.error().text();
    return std::move(*tool);
  }
  std::string top;
};

TEST_F(ToolTest, RunsWithItsEnvironmentOnly) {
  EXPECT_EQ(*enroot("echo \"$GIVEN ${HOME-none} $*\"").run(list_command()), "1 none list\n");
}

TEST_F(ToolTest, FailsWithWhatEnrootSays) {
  auto said = enroot("echo '[ERROR] no such image' >&2; exit 1").run(import_command("docker://x", "/y"));
  ASSERT_FALSE(said.ok());
  EXPECT_EQ(said.error().text(), top + "/enroot import exited with status 1\n[ERROR] no such image");
}

TEST_F(ToolTest, ChecksTheVersion) {
  auto signals = EndSignals::watch();
  ASSERT_TRUE(signals.ok());
  EXPECT_TRUE(enroot("echo 3.1.0").check(*signals).ok());
  EXPECT_THAT(enroot("echo 3.0.9").check(*signals).error().text(),
              HasSubstr("/enroot is enroot 3.0.9, which is too old"));
  EXPECT_THAT(enroot("true").check(*signals).error().text(),
              HasSubstr("does not tell a version of enroot's: \"\""));
}

TEST_F(ToolTest, RemovingWhatIsGoneIsNoFailure) {
  EXPECT_TRUE(enroot("[ $1 = list ] || exit 1; echo pyxis_other").remove("pyxis_c").ok());
  auto refused =
      enroot("[ $1 = list ] && echo pyxis_c && exit; echo '[ERROR] busy' >&2; exit 1").remove("pyxis_c");
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().text(), HasSubstr("[ERROR] busy"));
}

TEST_F(ToolTest, IsNamedWhereItIsNotThere) {
  EXPECT_THAT(Tool::find("/no/such/enroot", {}).error().text(),
              StartsWith("enroot_path /no/such/enroot: No such file"));
  EXPECT_THAT(Tool::find("", Environment::from({"PATH=/no/such"})).error().text(),
              StartsWith("there is no enroot on this node (in /no/such)"));
}

}  // namespace
}  // namespace pyxis::enroot
