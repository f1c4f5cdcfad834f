#include "sandbox/rootfs.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <filesystem>

#include "base/fs.h"
#include "sandbox/kernel_calls.h"
#include "support.h"

namespace pyxis {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Rootfs : public ::testing::TestWithParam<bool> {
 protected:
  const MountApi& api() const { return GetParam() ? modern_mount_api() : legacy_mount_api(); }
};

TEST_P(Rootfs, TopLayerWinsAndChangesGoToUpper) {
  in_namespaces([&](const std::string& dir) {
    auto plan = overlay_plan(dir, 3);
    make_file(dir + "/layer0/x", "top");
    make_file(dir + "/layer2/x", "bottom");
    make_file(dir + "/layer2/y", "bottom");
    auto root = mount_root(plan.root, plan.mount_point, api());
    ASSERT_EQ(text_of(root), "");
    EXPECT_EQ(content(plan.mount_point + "/x"), "top");
    EXPECT_EQ(content(plan.mount_point + "/y"), "bottom");
    make_file(plan.mount_point + "/y", "changed");
    EXPECT_EQ(::unlink((plan.mount_point + "/x").c_str()), 0);
    EXPECT_EQ(content(dir + "/layer2/y"), "bottom");
    EXPECT_EQ(content(dir + "/upper/y"), "changed");
    struct statvfs info;
    ASSERT_EQ(::statvfs(plan.mount_point.c_str(), &info), 0);
    EXPECT_EQ(info.f_flag & (ST_NOSUID | ST_NODEV), static_cast<unsigned long>(ST_NOSUID | ST_NODEV));
  });
}

TEST_P(Rootfs, ManyLayers) {
  in_namespaces([&](const std::string& dir) {
    constexpr int layers = 127;
    auto plan = overlay_plan(dir, layers);
    for (int i = 0; i < layers; ++i) make_file(dir + "/layer" + std::to_string(i) + "/f" + std::to_string(i));
    ASSERT_EQ(text_of(mount_root(plan.root, plan.mount_point, api())), "");
    for (int i = 0; i < layers; ++i) EXPECT_TRUE(exists(plan.mount_point + "/f" + std::to_string(i))) << i;
  });
}

TEST_P(Rootfs, AnyCharacterInPaths) {
  in_namespaces([&](const std::string& dir) {
    auto odd = dir + "/a:b,c\\d e\n\xff";
    ASSERT_TRUE(make_directories(odd).ok());
    auto plan = overlay_plan(odd, 2);
    make_file(odd + "/layer1/x", "here");
    ASSERT_EQ(text_of(mount_root(plan.root, plan.mount_point, api())), "");
    EXPECT_EQ(content(plan.mount_point + "/x"), "here");
  });
}

TEST_P(Rootfs, EphemeralKeepsNothing) {
  in_namespaces([&](const std::string& dir) {
    ASSERT_TRUE(make_directories(dir + "/layer").ok());
    ASSERT_TRUE(make_directories(dir + "/mnt").ok());
    ASSERT_EQ(::chmod((dir + "/layer").c_str(), 0751), 0);
    make_file(dir + "/layer/x", "image");
    EphemeralOverlay spec;
    spec.lower.push_back({dir + "/layer", {}});
    spec.tmpfs_size = "1m";
    ASSERT_EQ(text_of(mount_root(RootSpec(std::move(spec)), dir + "/mnt", api())), "");
    make_file(dir + "/mnt/x", "changed");
    EXPECT_EQ(content(dir + "/mnt/x"), "changed");
    EXPECT_EQ(content(dir + "/layer/x"), "image");
    struct stat info;
    ASSERT_EQ(::stat((dir + "/mnt").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777u, 0751u);
    ASSERT_EQ(::umount2((dir + "/mnt").c_str(), MNT_DETACH), 0);
    EXPECT_FALSE(exists(dir + "/mnt/x"));
  });
}

TEST_P(Rootfs, Directory) {
  in_namespaces([&](const std::string& dir) {
    ASSERT_TRUE(make_directories(dir + "/flat/etc").ok());
    ASSERT_TRUE(make_directories(dir + "/mnt").ok());
    auto root = mount_root(DirectoryRoot{dir + "/flat"}, dir + "/mnt", api());
    ASSERT_EQ(text_of(root), "");
    EXPECT_TRUE(exists(dir + "/mnt/etc"));
    struct statvfs info;
    ASSERT_EQ(::fstatvfs(root->get(), &info), 0);
    EXPECT_EQ(info.f_flag & (ST_NOSUID | ST_NODEV), static_cast<unsigned long>(ST_NOSUID | ST_NODEV));
  });
}

// Both ways of mounting an overlay; the second time as after a supervisor that was killed.
TEST_P(Rootfs, PassingChangesAreNeverSynced) {
  in_namespaces([&](const std::string& dir) {
    auto plan = overlay_plan(dir);
    auto& overlay = std::get<OverlayRoot>(plan.root);
    overlay.passing = true;
    for (int i = 0; i < 2; ++i) {
      ASSERT_EQ(text_of(mount_root(plan.root, plan.mount_point, api())), "");
      EXPECT_THAT(content("/proc/self/mountinfo"), HasSubstr("volatile"));
      EXPECT_TRUE(exists(std::filesystem::path(overlay.work) / "work" / "incompat" / "volatile"));
      ASSERT_EQ(::umount2(plan.mount_point.c_str(), 0), 0);
    }
  });
}

TEST_P(Rootfs, OtherChangesAre) {
  in_namespaces([&](const std::string& dir) {
    auto plan = overlay_plan(dir);
    ASSERT_EQ(text_of(mount_root(plan.root, plan.mount_point, api())), "");
    EXPECT_THAT(content("/proc/self/mountinfo"), Not(HasSubstr("volatile")));
  });
}

TEST(RootfsErrors, MissingLayerIsNamed) {
  in_namespaces([](const std::string& dir) {
    auto plan = overlay_plan(dir);
    std::get<OverlayRoot>(plan.root).lower.push_back({dir + "/gone", {}});
    EXPECT_EQ(text_of(mount_root(plan.root, plan.mount_point)),
              "layer: " + dir + "/gone: No such file or directory");
    std::get<OverlayRoot>(plan.root).lower.clear();
    EXPECT_THAT(text_of(mount_root(plan.root, plan.mount_point)), HasSubstr("without layers"));
  });
}

TEST(RootfsErrors, UnfitFileSystemIsNamed) {
  in_namespaces([](const std::string& dir) {
    auto plan = overlay_plan(dir);
    std::get<OverlayRoot>(plan.root).work = dir + "/mnt/..";  // holds the upper directory
    EXPECT_THAT(text_of(mount_root(plan.root, plan.mount_point)), HasSubstr("mount the layers: "));
  });
}

// As the storage helper hands them out: mounts that are attached nowhere.
TEST(RootfsLayers, DetachedMounts) {
  in_namespaces([](const std::string& dir) {
    auto plan = overlay_plan(dir, 2);
    make_file(dir + "/layer0/x", "top");
    make_file(dir + "/layer1/y", "bottom");
    for (auto& layer : std::get<OverlayRoot>(plan.root).lower) {
      layer.mount = Fd(kernel::open_tree(AT_FDCWD, layer.path.c_str(),
                                         kernel::open_tree_clone | kernel::open_tree_cloexec));
      ASSERT_TRUE(layer.mount) << strerror(errno);
    }
    ASSERT_EQ(text_of(mount_root(plan.root, plan.mount_point)), "");
    EXPECT_EQ(content(plan.mount_point + "/x") + content(plan.mount_point + "/y"), "topbottom");
    make_file(plan.mount_point + "/z");
    EXPECT_TRUE(exists(dir + "/upper/z"));
  });
}

TEST(OverlayProbe, UsableAndLeavesNothing) {
  as_user([](const std::string& dir) {
    Fd fd(open_dir(dir));
    auto support = probe_overlay(fd.get());
    ASSERT_EQ(text_of(support), "");
    EXPECT_TRUE(support->usable) << support->why;
    EXPECT_TRUE(list_directory(fd.get())->empty());
  });
}

// An overlay cannot be the upper directory of another.
TEST(OverlayProbe, NotUsableSaysWhy) {
  as_user([](const std::string& dir) {
    auto plan = overlay_plan(dir);
    ASSERT_TRUE(make_directories(dir + "/layer0/store").ok());
    plan.late.push_back(from_mount_request("/proc", "/proc", ""));
    auto sandbox = create_sandbox(plan);
    ASSERT_EQ(text_of(sandbox), "");
    inside(*sandbox, [] {
      auto support = probe_overlay(open_dir("/store"));
      ASSERT_EQ(text_of(support), "");
      EXPECT_FALSE(support->usable);
      EXPECT_THAT(support->why, HasSubstr("overlay"));
    });
  });
}

TEST(OverlayProbe, UnwritableDirectoryIsAnError) {
  as_user([](const std::string& dir) {
    ASSERT_EQ(::chmod(dir.c_str(), 0500), 0);
    Fd fd(open_dir(dir));
    EXPECT_THAT(text_of(probe_overlay(fd.get())), HasSubstr("Permission denied"));
  });
}

INSTANTIATE_TEST_SUITE_P(Kernel, Rootfs, ::testing::Values(true, false),
                         [](const auto& one) { return one.param ? "Modern" : "Legacy"; });

}  // namespace
}  // namespace pyxis
