#include "sandbox/mount_plan.h"

#include <gmock/gmock.h>

#include "sandbox/kernel_calls.h"
#include "support.h"

namespace pyxis {
namespace {

using namespace kernel;
using ::testing::HasSubstr;

PlannedMount plan(std::vector<std::string> options, std::string type = "none") {
  auto planned = plan_mount({"/s", "/t", std::move(type), std::move(options), 0});
  EXPECT_EQ(text_of(planned), "");
  return planned.ok() ? *planned : PlannedMount{};
}

TEST(MountPlan, TypeNoneBinds) {
  EXPECT_EQ(plan({}).action, MountAction::bind);
  EXPECT_TRUE(plan({}).recursive);
  EXPECT_FALSE(plan({"bind"}).recursive);
  EXPECT_TRUE(plan({"bind", "rbind"}).recursive);
}

TEST(MountPlan, AttributesOfARecursiveBindAreRecursive) {
  auto mount = plan({"rbind", "ro", "nosuid"});
  EXPECT_TRUE(mount.attributes.empty());
  EXPECT_EQ(mount.recursive_attributes, (AttributeChange{attr_rdonly | attr_nosuid, 0}));
  mount = plan({"bind", "ro"});
  EXPECT_EQ(mount.attributes, (AttributeChange{attr_rdonly, 0}));
  EXPECT_TRUE(mount.recursive_attributes.empty());
}

TEST(MountPlan, LaterWordsWin) {
  EXPECT_TRUE(plan({"bind", "ro", "rw"}).attributes.empty());
  EXPECT_EQ(plan({"bind", "rw", "ro"}).attributes.set, attr_rdonly);
  EXPECT_EQ(plan({"remount", "ro", "rw"}).attributes, (AttributeChange{0, attr_rdonly}));
}

TEST(MountPlan, ABindTakesNothingOffItsSource) {
  EXPECT_TRUE(plan({"rbind", "rw", "exec", "dev", "suid"}).recursive_attributes.empty());
}

TEST(MountPlan, AccessTimeIsOneValueOfSeveral) {
  EXPECT_EQ(plan({"bind", "noatime"}).attributes, (AttributeChange{attr_noatime, attr_atime_mask}));
  auto mount = plan({"bind", "noatime", "relatime"});
  EXPECT_EQ(mount.attributes.set & attr_atime_mask, attr_relatime);
  EXPECT_EQ(mount.attributes.clear & attr_atime_mask, attr_atime_mask);
}

TEST(MountPlan, RecursiveForms) {
  EXPECT_EQ(plan({"remount", "rro"}).recursive_attributes.set, attr_rdonly);
  EXPECT_EQ(plan({"remount", "ro=recursive"}).recursive_attributes.set, attr_rdonly);
  EXPECT_EQ(plan({"remount", "rnoexec"}).recursive_attributes.set, attr_noexec);
  EXPECT_EQ(plan({"remount", "rnoexec"}).attributes.set, 0u);
}

TEST(MountPlan, Propagation) {
  EXPECT_EQ(plan({}).propagation, std::nullopt);
  EXPECT_EQ(plan({"slave"}).propagation, Propagation::slave);
  EXPECT_FALSE(plan({"slave"}).recursive_propagation);
  EXPECT_EQ(plan({"rprivate"}).propagation, Propagation::private_mount);
  EXPECT_TRUE(plan({"rshared"}).recursive_propagation);
  EXPECT_EQ(plan({"unbindable"}).propagation, Propagation::unbindable);
}

TEST(MountPlan, Actions) {
  EXPECT_EQ(plan({"x-detach"}).action, MountAction::detach);
  EXPECT_EQ(plan({"x-move"}).action, MountAction::move);
  EXPECT_EQ(plan({"move"}).action, MountAction::move);
  EXPECT_EQ(plan({"remount", "ro"}).action, MountAction::remount);
  EXPECT_EQ(plan({"size=1M", "ro", "nofail"}, "tmpfs").action, MountAction::filesystem);
  EXPECT_EQ(plan({"size=1M", "ro", "nofail"}, "tmpfs").data, std::vector<std::string>{"size=1M"});
  EXPECT_EQ(plan({"size=1M", "ro"}, "tmpfs").attributes.set, attr_rdonly);
}

TEST(MountPlan, OwnWords) {
  auto mount =
      plan({"x-create=dir", "nofail", "silent", "defaults", "_netdev", "x-systemd.automount", "noauto"});
  EXPECT_EQ(mount.create, CreateTarget::directory);
  EXPECT_TRUE(mount.nofail);
  EXPECT_TRUE(mount.silent);
  EXPECT_TRUE(mount.data.empty());
}

// What people write behind a bind in an fstab.
TEST(MountPlan, GenericWordsOfMountAreTaken) {
  for (const char* word : {"sync", "async", "dirsync", "lazytime", "nolazytime", "mand", "nomand", "defaults",
                           "auto", "noauto", "user", "nouser", "users", "owner", "group", "_netdev"}) {
    auto planned = plan_mount({"/s", "/t", "none", {"bind", word, "ro"}, 0});
    ASSERT_EQ(text_of(planned), "") << word;
    EXPECT_EQ(planned->action, MountAction::bind) << word;
    EXPECT_EQ(planned->attributes.set, attr_rdonly) << word;
    EXPECT_TRUE(planned->data.empty()) << word;
  }
  EXPECT_EQ(plan({"sync", "size=1M"}, "tmpfs").data, (std::vector<std::string>{"sync", "size=1M"}));
}

TEST(MountPlan, UnknownOptionOfABindIsNamed) {
  auto planned = plan_mount({"/s", "/t", "none", {"rbind", "readonly"}, 0});
  EXPECT_THAT(text_of(planned), HasSubstr("mount /s on /t: unknown mount option readonly"));
  EXPECT_THAT(text_of(plan_mount({"/s", "/t", "none", {"x-create=pipe"}, 0})), HasSubstr("x-create=pipe"));
}

}  // namespace
}  // namespace pyxis
