// Images whose author wants out: every link and file type where set-up will write or mount.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/fs.h"
#include "support.h"

namespace pyxis {
namespace {

using ::testing::HasSubstr;

// The mounts of every container, on an image that `poison` has written; then `check` inside.
void start_hostile(const std::string& dir, const std::function<void(const std::string& layer)>& poison,
                   const std::function<void()>& check) {
  auto plan = overlay_plan(dir);
  poison(dir + "/layer0");
  add_shipped_mounts(plan);
  auto sandbox = create_sandbox(plan);
  ASSERT_EQ(text_of(sandbox), "");
  inside(*sandbox, check);
}

TEST(HostileImage, EtcIsALinkToEtc) {
  auto before = content("/etc/hosts");
  as_user([&](const std::string& dir) {
    start_hostile(
        dir, [](const std::string& layer) { make_link("/etc", layer + "/etc"); }, [] {});
  });
  EXPECT_EQ(content("/etc/hosts"), before);
}

TEST(HostileImage, ProcIsALinkElsewhere) {
  as_user([](const std::string& dir) {
    start_hostile(
        dir,
        [&](const std::string& layer) {
          make_link(dir + "/outside", layer + "/proc");
          make_link("../../../../../../.." + dir + "/outside2", layer + "/sys");
        },
        [&] {
          EXPECT_TRUE(exists("/proc/self/status"));
          EXPECT_TRUE(exists("/sys/kernel"));
        });
    EXPECT_FALSE(exists(dir + "/outside"));
    EXPECT_FALSE(exists(dir + "/outside2"));
  });
}

TEST(HostileImage, ResolvConfLeadsOut) {
  auto passwd = content("/etc/passwd");
  as_user([&](const std::string& dir) {
    make_file(dir + "/victim", "untouched");
    start_hostile(
        dir,
        [&](const std::string& layer) {
          ASSERT_TRUE(make_directories(layer + "/etc").ok());
          make_link("../../../../../etc/passwd", layer + "/etc/resolv.conf");
          make_link("../../../../../../.." + dir + "/victim", layer + "/etc/hosts");
          make_link("/proc/self/root" + dir + "/victim", layer + "/etc/hostname");
        },
        [] { EXPECT_TRUE(exists("/etc/passwd")); });
    EXPECT_EQ(content(dir + "/victim"), "untouched");
  });
  EXPECT_EQ(content("/etc/passwd"), passwd);
}

TEST(HostileImage, MagicLinksAreNotFollowed) {
  as_user([](const std::string& dir) {
    auto plan = overlay_plan(dir);
    make_link("/proc/self/cwd", dir + "/layer0/way-out");
    plan.early.push_back({"/proc", "/proc", "none", {"rbind", "x-create=dir"}, 0});
    plan.late.push_back(from_mount_request(dir, "/way-out/new", ""));
    auto sandbox = create_sandbox(plan);
    EXPECT_FALSE(sandbox.ok());
    EXPECT_EQ(sandbox.error().code, ELOOP) << text_of(sandbox);
  });
}

TEST(HostileImage, FileWhereADirectoryIsNeeded) {
  as_user([](const std::string& dir) {
    auto plan = overlay_plan(dir);
    make_file(dir + "/layer0/proc");
    plan.early.push_back({"/proc", "/proc", "none", {"rbind", "x-create=dir"}, 0});
    EXPECT_THAT(text_of(create_sandbox(plan)), HasSubstr("mount /proc on /proc: the source is a directory"));
    make_file(dir + "/layer0/etc");
    plan.early[0] = from_mount_request("/etc/hosts", "/etc/hosts", "");
    EXPECT_THAT(text_of(create_sandbox(plan)), HasSubstr("Not a directory"));
  });
}

TEST(HostileImage, WorldOfFifosAndClosedDirectories) {
  as_user([](const std::string& dir) {
    start_hostile(
        dir,
        [](const std::string& layer) {
          ASSERT_TRUE(make_directories(layer + "/etc").ok());
          ASSERT_EQ(::mkfifo((layer + "/etc/hosts").c_str(), 0600), 0);
          ASSERT_EQ(::chmod((layer + "/etc").c_str(), 0), 0);
        },
        [] {});
    EXPECT_EQ(::chmod((dir + "/layer0/etc").c_str(), 0755), 0);
  });
}

TEST(HostileImage, EmptyImageGetsItsMountPoints) {
  as_user([](const std::string& dir) {
    start_hostile(
        dir, [](const std::string&) {},
        [] {
          EXPECT_TRUE(exists("/proc/self"));
          EXPECT_TRUE(exists("/dev/null"));
          struct statvfs info;
          ASSERT_EQ(::statvfs("/etc/hosts", &info), 0);
          EXPECT_TRUE(info.f_flag & ST_RDONLY);
        });
  });
}

}  // namespace
}  // namespace pyxis
