#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spank/step.h"
#include "temporary.h"

namespace pyxis::spank {
namespace {

using ::testing::HasSubstr;

Identity me() {
  return {::geteuid(), ::getegid(), {}};
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

TEST(RuntimeDir, IsMadeForTheUser) {
  Temporary top;
  auto path = make_user_runtime_dir(top.path() + "/pyxis", me());
  ASSERT_TRUE(path.ok()) << path.error().text();
  EXPECT_EQ(mode_of(top.path() + "/pyxis"), 0755u);
  EXPECT_EQ(*path, top.path() + "/pyxis/" + std::to_string(::geteuid()));
  EXPECT_EQ(mode_of(*path), 0700u);
  EXPECT_TRUE(make_user_runtime_dir(top.path() + "/pyxis", me()).ok());
}

TEST(RuntimeDir, BelongsToTheUserWhereRootMakesIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "run as an ordinary user: only root can give a directory away";
  Temporary top;
  auto path = make_user_runtime_dir(top.path() + "/pyxis", {12345, 23456, {}});
  ASSERT_TRUE(path.ok()) << path.error().text();
  struct stat info {};
  ASSERT_EQ(::stat(path->c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 12345u);
  EXPECT_EQ(info.st_gid, 23456u);
}

TEST(RuntimeDir, OnlyTheLastComponentIsMade) {
  Temporary top;
  auto made = make_runtime_path(top.path() + "/a/b");
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().text(), HasSubstr("install -d -m 755 " + top.path() + "/a"));
}

TEST(RuntimeDir, ALinkIsNotFollowed) {
  Temporary top, elsewhere;
  auto link = top.path() + "/" + std::to_string(::geteuid());
  ASSERT_EQ(::chmod(top.path().c_str(), 0755), 0);
  ASSERT_EQ(::symlink(elsewhere.path().c_str(), link.c_str()), 0);
  EXPECT_FALSE(make_user_runtime_dir(top.path(), me()).ok());
}

TEST(RuntimeDir, APlaceThatOthersCanWriteToIsRefused) {
  Temporary top;
  ASSERT_EQ(::chmod(top.path().c_str(), 0777), 0);
  auto made = make_user_runtime_dir(top.path(), me());
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().text(), HasSubstr("can be written by others"));
}

TEST(RuntimeDir, AFileInItsPlaceIsNamed) {
  auto made = make_runtime_path("/etc/passwd");
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().text(), HasSubstr("/etc/passwd: Not a directory"));
}

}  // namespace
}  // namespace pyxis::spank
