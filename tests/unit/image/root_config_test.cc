#include "image/root_config.h"

#include <gtest/gtest.h>

namespace pyxis {
namespace {

TEST(ImageWorkdir, IsTheFirstCd) {
  EXPECT_EQ(parse_image_workdir("mkdir -p \"/w\" 2> /dev/null\ncd \"/w\" && unset OLDPWD || exit 1\ncd /x\n"),
            "/w");
  EXPECT_EQ(parse_image_workdir("  cd /plain;\n"), "/plain");
  EXPECT_EQ(parse_image_workdir("cd '/it''s \"here\"' || exit 1"), "/its \"here\"");
  EXPECT_EQ(parse_image_workdir("cd '/it'\\''s' || exit 1"), "/it's");
  EXPECT_EQ(parse_image_workdir("cd \"/a\\$b\\c\"\n"), "/a$b\\c");
}

TEST(ImageWorkdir, IsUnknownWhereOnlyAShellCouldTell) {
  for (const auto* rc :
       {"", "exec sh\n", "cd \"$HOME\"\n", "cd `pwd`\n", "cd relative\n", "cd \"/open\n", "cd /a\\"})
    EXPECT_EQ(parse_image_workdir(rc), "") << rc;
}

}  // namespace
}  // namespace pyxis
