#include "sandbox/running_mounts.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/statvfs.h>

#include "base/fs.h"
#include "support.h"

namespace pyxis {
namespace {

using ::testing::HasSubstr;

TEST(RunningMounts, AreSeenByAllInTheContainer) {
  for (bool remap : {false, true})
    as_user([&](const std::string& dir) {
      auto plan = overlay_plan(dir);
      plan.remap_root = remap;
      auto sandbox = create_sandbox(plan);
      ASSERT_EQ(text_of(sandbox), "");
      make_file(dir + "/script", "text");
      ASSERT_TRUE(make_directories(dir + "/directory/below").ok());
      std::vector<MountEntry> binds = {
          {dir + "/script", "/spool/job/script", "none", {"x-create=auto", "rbind", "ro"}, 0, {}},
          {dir + "/directory", "/directory", "none", {"x-create=auto", "rbind"}, 0, {}}};
      EXPECT_EQ(text_of(bind_into_running(sandbox->namespaces, binds)), "");
      inside(*sandbox, [] {
        EXPECT_EQ(content("/spool/job/script"), "text");
        EXPECT_EQ(open_path("/spool/job/script", O_WRONLY).error().code, EROFS);
        EXPECT_TRUE(exists("/directory/below"));
        EXPECT_TRUE(make_directories("/directory/new").ok());
      });
      EXPECT_TRUE(exists(dir + "/directory/new"));
      EXPECT_THAT(content("/proc/self/mountinfo"), ::testing::Not(HasSubstr("/spool/job/script")));
    });
}

TEST(RunningMounts, LinksOfTheContainerDoNotLeadOut) {
  as_user([](const std::string& dir) {
    auto plan = overlay_plan(dir);
    make_link(dir + "/outside", dir + "/layer0/spool");
    auto sandbox = create_sandbox(plan);
    ASSERT_EQ(text_of(sandbox), "");
    make_file(dir + "/script", "text");
    EXPECT_EQ(text_of(bind_into_running(
                  sandbox->namespaces, {{dir + "/script", "/spool/script", "none", {"rbind", "ro"}, 0, {}}})),
              "");
    inside(*sandbox, [] { EXPECT_EQ(content("/spool/script"), "text"); });
    EXPECT_FALSE(exists(dir + "/outside"));
  });
}

TEST(RunningMounts, MountPointsAreMadeInAReadOnlyRoot) {
  as_user([](const std::string& dir) {
    auto plan = overlay_plan(dir);
    plan.writable = false;
    auto sandbox = create_sandbox(plan);
    ASSERT_EQ(text_of(sandbox), "");
    make_file(dir + "/script");
    EXPECT_EQ(text_of(bind_into_running(sandbox->namespaces,
                                        {{dir + "/script", "/new/script", "none", {"rbind"}, 0, {}}})),
              "");
    inside(*sandbox, [] {
      EXPECT_TRUE(exists("/new/script"));
      EXPECT_EQ(open_path("/other", O_WRONLY | O_CREAT, 0600).error().code, EROFS);
    });
  });
}

TEST(RunningMounts, ErrorsNameWhatWasToBeMounted) {
  as_user([](const std::string& dir) {
    auto sandbox = create_sandbox(overlay_plan(dir));
    ASSERT_EQ(text_of(sandbox), "");
    make_file(dir + "/script");
    auto bind = [&](const std::string& source, const std::string& target) {
      return text_of(bind_into_running(sandbox->namespaces, {{source, target, "none", {"rbind"}, 0, {}}}));
    };
    EXPECT_EQ(bind(dir + "/script", "/script"), "");
    EXPECT_THAT(bind(dir + "/script", "/script/below"), HasSubstr("on /script/below: "));
    EXPECT_THAT(bind(dir + "/script", "/script/below"), HasSubstr("Not a directory"));
    EXPECT_EQ(bind(dir + "/absent", "/script"), dir + "/absent: No such file or directory");
  });
}

}  // namespace
}  // namespace pyxis
