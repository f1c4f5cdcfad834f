#include "sandbox/target.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "support.h"

namespace pyxis {
namespace {

std::string path_of(const Result<Fd>& fd) {
  if (!fd.ok()) return fd.error().text();
  std::string path(4096, '\0');
  ssize_t length = ::readlink(fd_path(fd->get()).c_str(), path.data(), path.size());
  path.resize(length < 0 ? 0 : static_cast<size_t>(length));
  return path;
}

TEST(CheckTarget, LeavingTheRootIsExdev) {
  for (auto target : {"../home", "/..", "a/../../b", "./../x", "/a/b/../../../c"}) {
    auto checked = check_target(target);
    ASSERT_FALSE(checked.ok()) << target;
    EXPECT_EQ(checked.error().code, EXDEV);
    EXPECT_THAT(checked.error().text(), ::testing::HasSubstr("Invalid cross-device link"));
  }
  for (auto target : {"/", ".", "/a/../b", "a/./..//b", "...", "/..a"})
    EXPECT_EQ(text_of(check_target(target)), "") << target;
}

TEST(Target, LinksEndInsideTheRoot) {
  as_user([](const std::string& dir) {
    auto root = dir + "/root";
    ASSERT_TRUE(make_directories(root + "/tmp").ok());
    ASSERT_TRUE(make_directories(root + dir).ok());
    make_link("/tmp", root + "/absolute");
    make_link("../../../../../../tmp", root + "/up");
    make_link(dir, root + "/outside");
    Fd fd(open_dir(root));
    EXPECT_EQ(path_of(open_target(fd.get(), "/absolute")), root + "/tmp");
    EXPECT_EQ(path_of(open_target(fd.get(), "up")), root + "/tmp");
    EXPECT_EQ(path_of(open_target(fd.get(), "/outside")), root + dir);
    EXPECT_EQ(path_of(make_target(fd.get(), "/outside/new/file", NodeKind::file)), root + dir + "/new/file");
    EXPECT_FALSE(exists(dir + "/new"));
  });
}

TEST(Target, MakesWhatIsMissing) {
  as_user([](const std::string& dir) {
    Fd fd(open_dir(dir));
    EXPECT_EQ(path_of(make_target(fd.get(), "/a/b/c", NodeKind::directory)), dir + "/a/b/c");
    EXPECT_EQ(path_of(make_target(fd.get(), "./a/x/../file", NodeKind::file)), dir + "/a/file");
    struct stat info;
    ASSERT_EQ(::stat((dir + "/a/file").c_str(), &info), 0);
    EXPECT_TRUE(S_ISREG(info.st_mode));
    make_file(dir + "/kept", "text");
    EXPECT_EQ(path_of(make_target(fd.get(), "/kept", NodeKind::directory)), dir + "/kept");
    EXPECT_EQ(content(dir + "/kept"), "text");
    EXPECT_EQ(make_target(fd.get(), "/kept/below", NodeKind::directory).error().code, ENOTDIR);
  });
}

TEST(Target, DanglingLinksAreFollowedInsideOnly) {
  as_user([](const std::string& dir) {
    auto root = dir + "/root";
    ASSERT_TRUE(make_directories(root + "/etc").ok());
    make_link("../run/resolve/stub.conf", root + "/etc/resolv.conf");
    make_link("../../../../../../../.." + dir + "/escaped", root + "/etc/evil");
    make_link(dir + "/escaped2/deep", root + "/etc/evil2");
    make_link("loop", root + "/etc/loop");
    Fd fd(open_dir(root));
    EXPECT_EQ(path_of(make_target(fd.get(), "/etc/resolv.conf", NodeKind::file)),
              root + "/run/resolve/stub.conf");
    EXPECT_EQ(path_of(make_target(fd.get(), "/etc/evil", NodeKind::file)), root + dir + "/escaped");
    EXPECT_EQ(path_of(make_target(fd.get(), "/etc/evil2", NodeKind::directory)),
              root + dir + "/escaped2/deep");
    EXPECT_FALSE(exists(dir + "/escaped"));
    EXPECT_FALSE(exists(dir + "/escaped2"));
    EXPECT_EQ(make_target(fd.get(), "/etc/loop", NodeKind::file).error().code, ELOOP);
  });
}

}  // namespace
}  // namespace pyxis
