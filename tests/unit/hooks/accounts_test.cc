// The passwd and group files of images, written by whoever made the image.
#include "hooks/accounts.h"

#include "../base/scratch.h"

namespace pyxis {
namespace {

using ::testing::HasSubstr;
using testing::text_of;

class Accounts : public testing::Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    write("canary/passwd", "untouched");
    make("root/bin");
    write("root/bin/bash", "");
  }
  void TearDown() override {
    EXPECT_EQ(read("canary/passwd"), "untouched");
    EXPECT_EQ(names("canary").size(), 1u);
    EXPECT_FALSE(exists("home"));
    Scratch::TearDown();
  }

  Result<std::string> add(const AccountEntry& user, bool remap_root = false) {
    auto root = open_path(path("root"), O_PATH | O_DIRECTORY);
    EXPECT_EQ(text_of(root), "");
    return add_accounts(root->get(), user, remap_root);
  }
  // The home directory inside; the error's text in brackets.
  std::string added(const AccountEntry& user, bool remap_root = false) {
    auto home = add(user, remap_root);
    return home.ok() ? *home : "(" + text_of(home) + ")";
  }

  const AccountEntry alice_{.uid = 1000,
                            .gid = 100,
                            .name = "alice",
                            .gecos = "Alice",
                            .home = "/home/alice",
                            .shell = "/bin/bash",
                            .group = "staff"};
  const std::string alice_row_ = "alice:x:1000:100:Alice:/home/alice:/bin/bash\n";
  const std::string root_row_ = "root:x:0:0:root:/root:/bin/sh\n";
  const std::string nobody_row_ = "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n";
};

TEST_F(Accounts, AnImageWithoutEtcGetsAll) {
  EXPECT_EQ(added(alice_), "/home/alice");
  EXPECT_EQ(read("root/etc/passwd"), root_row_ + nobody_row_ + alice_row_);
  EXPECT_EQ(read("root/etc/group"), "root:x:0:\nnogroup:x:65534:\nstaff:x:100:\n");
  EXPECT_TRUE(S_ISDIR(stat("root/home/alice").st_mode));
}

TEST_F(Accounts, OfTheImageStayAsTheyAre) {
  const std::string others =
      "root:x:0:0:Super:/var/root:/bin/bash\ndaemon:*:1:1::/:\nnobody:x:99:99::/:/bin/false\n";
  write("root/etc/passwd", others);
  write("root/etc/group", "root:x:0:a,b\nwheel:x:10:\nnobody:x:99:\n");
  EXPECT_EQ(added(alice_), "/home/alice");
  EXPECT_EQ(read("root/etc/passwd"), others + alice_row_);
  EXPECT_EQ(read("root/etc/group"), "root:x:0:a,b\nwheel:x:10:\nnobody:x:99:\nstaff:x:100:\n");
}

TEST_F(Accounts, OfTheSameNameOrIdAreReplaced) {
  write("root/etc/passwd",
        root_row_ + nobody_row_ + "alice:x:7:7::/a:/bin/sh\nubuntu:x:1000:1000::/home/ubuntu:/bin/sh\n");
  write("root/etc/group", "root:x:0:\nnogroup:x:65534:\nstaff:x:50:\nusers:x:100:\n");
  EXPECT_EQ(added(alice_), "/home/alice");
  EXPECT_EQ(read("root/etc/passwd"), root_row_ + nobody_row_ + alice_row_);
  EXPECT_EQ(read("root/etc/group"), "root:x:0:\nnogroup:x:65534:\nstaff:x:100:\n");
}

TEST_F(Accounts, TheImagesOwnEntrySaysWhereHomeIs) {
  auto home = [&](const AccountEntry& user, bool remap_root = false) {
    auto root = open_path(path("root"), O_PATH | O_DIRECTORY);
    auto found = account_home_of_image(root->get(), user, remap_root);
    return found.ok() ? *found : "(" + text_of(found) + ")";
  };
  EXPECT_EQ(home(alice_), "/home/alice");
  write("root/etc/passwd",
        "root:x:0:0::/var/root:/bin/sh\nalice:x:7:7::/seven:/bin/sh\nubuntu:x:1000:1000::/home/ubuntu:\n");
  EXPECT_EQ(home(alice_), "/home/ubuntu");
  EXPECT_EQ(home(alice_, true), "/var/root");
  auto other = alice_;
  other.uid = 1001;
  EXPECT_EQ(home(other), "/home/alice");
}

TEST_F(Accounts, IdsAreComparedWhole) {
  write("root/etc/passwd", "many:x:10000:1::/:\nfew:x:100:1::/:\nalice2:x:2:1::/:\n");
  added(alice_);
  EXPECT_THAT(read("root/etc/passwd"), HasSubstr("many:x:10000:1::/:\nfew:x:100:1::/:\nalice2:x:2:1::/:\n"));
}

TEST_F(Accounts, OfAptGo) {
  write("root/etc/passwd", root_row_ + "_apt:x:42:65534::/nonexistent:/usr/sbin/nologin\n" + nobody_row_);
  added(alice_, true);
  EXPECT_EQ(read("root/etc/passwd"), root_row_ + nobody_row_);
}

TEST_F(Accounts, RemappedToRootTheUserIsRoot) {
  write("root/etc/passwd", "root:x:0:0:root:/var/root:/bin/bash\n");
  EXPECT_EQ(added(alice_, true), "/var/root");
  EXPECT_EQ(read("root/etc/passwd"), "root:x:0:0:root:/var/root:/bin/bash\n" + nobody_row_);
  EXPECT_EQ(read("root/etc/group"), "root:x:0:\nnogroup:x:65534:\n");
  EXPECT_TRUE(exists("root/var/root"));
  EXPECT_FALSE(exists("root/home"));
}

TEST_F(Accounts, RootOfTheHostIsRoot) {
  AccountEntry root{
      .uid = 0, .gid = 0, .name = "root", .gecos = "", .home = "/elsewhere", .shell = "", .group = "root"};
  EXPECT_EQ(added(root), "/root");
  EXPECT_EQ(read("root/etc/passwd"), root_row_ + nobody_row_);
}

TEST_F(Accounts, AUserOfGroupRootLeavesRootsGroup) {
  write("root/etc/group", "root:x:0:member\n");
  auto user = alice_;
  user.gid = 0;
  user.group = "root";
  added(user);
  EXPECT_EQ(read("root/etc/group"), "root:x:0:member\nnogroup:x:65534:\n");
}

TEST_F(Accounts, AShellThatTheImageLacksIsNotPromised) {
  auto user = alice_;
  for (std::string shell : {"/bin/zsh", ""}) {
    user.shell = shell;
    added(user);
    EXPECT_THAT(read("root/etc/passwd"), HasSubstr("alice:x:1000:100:Alice:/home/alice:/bin/sh\n")) << shell;
  }
}

TEST_F(Accounts, FieldsCannotAddFieldsOrRows) {
  auto user = alice_;
  user.gecos = "Alice:0\nevil::0:0:::";
  added(user);
  EXPECT_THAT(read("root/etc/passwd"),
              HasSubstr("alice:x:1000:100:Alice 0 evil  0 0   :/home/alice:/bin/bash\n"));
}

TEST_F(Accounts, TheLastRowNeedsNoLineEnd) {
  write("root/etc/passwd", "root:x:0:0:root:/root:/bin/sh");
  added(alice_);
  EXPECT_EQ(read("root/etc/passwd"), root_row_ + nobody_row_ + alice_row_);
}

TEST_F(Accounts, ASecondRunChangesNothing) {
  for (bool remap : {false, true}) {
    for (unsigned id : {1000u, 65534u}) {
      auto user = alice_;
      user.uid = user.gid = id;
      added(user, remap);
      timespec old[2] = {{1, 0}, {1, 0}};
      for (std::string file : {"root/etc/passwd", "root/etc/group"})
        ASSERT_EQ(::utimensat(AT_FDCWD, path(file).c_str(), old, 0), 0);
      auto passwd = read("root/etc/passwd"), group = read("root/etc/group");
      auto inode = stat("root/etc/passwd").st_ino;
      added(user, remap);
      EXPECT_EQ(stat("root/etc/passwd").st_mtim.tv_sec, 1);
      EXPECT_EQ(stat("root/etc/group").st_mtim.tv_sec, 1);
      EXPECT_EQ(stat("root/etc/passwd").st_ino, inode);
      EXPECT_EQ(read("root/etc/passwd"), passwd);
      EXPECT_EQ(read("root/etc/group"), group);
    }
  }
}

TEST_F(Accounts, LinksOfTheImageDoNotLeadOut) {
  for (std::string target :
       {path("canary/passwd"), std::string("../../canary/passwd"), std::string("/../../canary/passwd")}) {
    link(target, "root/etc/passwd");
    (void)add(alice_).ok();  // may be refused; the canary counts
    ASSERT_EQ(::unlink(path("root/etc/passwd").c_str()), 0);
  }
}

TEST_F(Accounts, ALinkToAFileInsideIsWrittenThrough) {
  write("root/usr/lib/passwd", root_row_);
  link("/usr/lib/passwd", "root/etc/passwd");
  EXPECT_EQ(added(alice_), "/home/alice");
  EXPECT_EQ(read("root/usr/lib/passwd"), root_row_ + nobody_row_ + alice_row_);
  EXPECT_TRUE(S_ISLNK(stat("root/etc/passwd").st_mode));
}

TEST_F(Accounts, AnEtcThatIsALinkStaysInside) {
  for (std::string target :
       {path("canary"), std::string("../canary"), std::string("/canary"), std::string("../../../canary")}) {
    link(target, "root/etc");
    (void)add(alice_).ok();
    ASSERT_EQ(::unlink(path("root/etc").c_str()), 0);
  }
}

TEST_F(Accounts, AHomeThatIsALinkStaysInside) {
  link("../../canary", "root/home");
  (void)add(alice_).ok();
  ASSERT_EQ(::unlink(path("root/home").c_str()), 0);
  make("root/inside");
  link("/inside", "root/home");
  EXPECT_EQ(added(alice_), "/home/alice");
  EXPECT_TRUE(exists("root/inside/alice"));
}

// As in images for ostree: /home is a link to var/home, which is only made at boot.
TEST_F(Accounts, AHomeBehindADanglingLinkIsMade) {
  link("var/home", "root/home");
  EXPECT_EQ(added(alice_), "/home/alice");
  EXPECT_TRUE(exists("root/var/home/alice"));
}

TEST_F(Accounts, ALinkToItselfIsAnErrorThatNamesIt) {
  link("home", "root/home");
  EXPECT_THAT(added(alice_), HasSubstr("home"));
}

TEST_F(Accounts, WhatIsNoRegularFileIsRefused) {
  make("root/etc");
  ASSERT_EQ(::mkfifo(path("root/etc/passwd").c_str(), 0644), 0);
  EXPECT_THAT(added(alice_), HasSubstr("etc/passwd of the image is not a regular file"));
  ASSERT_EQ(::unlink(path("root/etc/passwd").c_str()), 0);
  make("root/etc/passwd");
  EXPECT_THAT(added(alice_), HasSubstr("not a regular file"));
}

TEST_F(Accounts, AnEtcThatIsAFileIsAnError) {
  write("root/etc", "");
  EXPECT_THAT(added(alice_), HasSubstr("etc/passwd"));
}

TEST_F(Accounts, ARelativeHomeIsNotMade) {
  auto user = alice_;
  user.home = "home/alice";
  EXPECT_EQ(added(user), "home/alice");
  EXPECT_FALSE(exists("root/home"));
}

}  // namespace
}  // namespace pyxis
