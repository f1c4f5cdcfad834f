#include "sandbox/device_node.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include <set>

#include "base/fs.h"
#include "support.h"

namespace pyxis {
namespace {

// Both generations of the kernel's mount calls.
class DeviceNode : public ::testing::TestWithParam<bool> {
 protected:
  const MountApi& api() const { return GetParam() ? modern_mount_api() : legacy_mount_api(); }

  // A root with the node's /dev in it, as containers have it.
  std::string make_root(const std::string& dir, bool with_dev = true) const {
    auto root = dir + "/root";
    EXPECT_TRUE(make_directories(root).ok());
    EXPECT_EQ(::mount("tmpfs", root.c_str(), "tmpfs", MS_NODEV, nullptr), 0);
    EXPECT_TRUE(make_directories(root + "/dev").ok());
    if (with_dev) {
      EXPECT_EQ(::mount("/dev", (root + "/dev").c_str(), nullptr, MS_BIND | MS_REC, nullptr), 0);
    }
    return root;
  }
  Result<void> place(const std::string& device, const std::string& path, const std::string& root) const {
    Fd top(open_dir(root));
    auto source = TRY(open_path(device, O_PATH));
    return place_device(source.get(), path, top.get(), api());
  }
};

// "1:3" of a character device that can be opened; else what it is instead.
std::string device_at(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) return "missing";
  if (!S_ISCHR(info.st_mode)) return "no device";
  if (!open_path(path, O_RDONLY | O_NONBLOCK).ok()) return "closed";
  return std::to_string(major(info.st_rdev)) + ":" + std::to_string(minor(info.st_rdev));
}

std::set<std::string> names_in(const std::string& directory) {
  Fd fd(open_dir(directory));
  auto names = list_directory(fd.get());
  return names.ok() ? std::set<std::string>(names->begin(), names->end()) : std::set<std::string>();
}

TEST_P(DeviceNode, ANewNameInDevIsTheContainersAlone) {
  auto before = names_in("/dev");
  in_namespaces([&](const std::string& dir) {
    auto root = make_root(dir);
    EXPECT_EQ(text_of(place("/dev/null", "/dev/pyxis-test", root)), "");
    EXPECT_EQ(text_of(place("/dev/zero", "/dev/pyxis/below/zero", root)), "");
    EXPECT_EQ(device_at(root + "/dev/pyxis-test"), "1:3");
    EXPECT_EQ(device_at(root + "/dev/pyxis/below/zero"), "1:5");
    auto expected = before;
    expected.insert({"pyxis-test", "pyxis"});
    EXPECT_EQ(names_in(root + "/dev"), expected);
    EXPECT_EQ(device_at(root + "/dev/zero"), "1:5");
    EXPECT_EQ(names_in(root + "/dev/pts"), names_in("/dev/pts"));
  });
  EXPECT_EQ(names_in("/dev"), before);
}

TEST_P(DeviceNode, WhatIsThereAlreadyIsLeftAlone) {
  in_namespaces([&](const std::string& dir) {
    auto root = make_root(dir);
    auto mounts = content("/proc/self/mountinfo");
    EXPECT_EQ(text_of(place("/dev/null", "/dev/null", root)), "");
    EXPECT_EQ(content("/proc/self/mountinfo"), mounts);
  });
}

TEST_P(DeviceNode, AnotherDeviceCanTakeAName) {
  in_namespaces([&](const std::string& dir) {
    auto root = make_root(dir);
    EXPECT_EQ(text_of(place("/dev/zero", "/dev/null", root)), "");
    EXPECT_EQ(device_at(root + "/dev/null"), "1:5");
  });
}

TEST_P(DeviceNode, OutsideOfDevTheRootIsTheContainersOwn) {
  in_namespaces([&](const std::string& dir) {
    auto root = make_root(dir, false);
    EXPECT_EQ(text_of(place("/dev/null", "/dev/null", root)), "");
    EXPECT_EQ(text_of(place("/dev/null", "/opt/some/where", root)), "");
    EXPECT_EQ(device_at(root + "/dev/null"), "1:3");
    EXPECT_EQ(device_at(root + "/opt/some/where"), "1:3");
    struct statvfs info;
    ASSERT_EQ(::statvfs((root + "/opt/some/where").c_str(), &info), 0);
    EXPECT_TRUE(info.f_flag & ST_NOSUID);
    ASSERT_TRUE(make_directories(root + "/opt/directory").ok());
    EXPECT_EQ(place("/dev/null", "/opt/directory", root).error().code, EISDIR);
  });
}

TEST_P(DeviceNode, LinksOfTheImageDoNotLeadOut) {
  in_namespaces([&](const std::string& dir) {
    auto root = make_root(dir);
    make_file(dir + "/victim", "untouched");
    ASSERT_TRUE(make_directories(dir + "/outside").ok());
    make_link(dir + "/outside", root + "/absolute");
    make_link("../../../../../../.." + dir + "/outside", root + "/relative");
    make_link(dir + "/victim", root + "/file");
    for (const auto* path : {"/absolute/a", "/relative/a", "/file"})
      EXPECT_EQ(text_of(place("/dev/null", path, root)), "") << path;
    EXPECT_EQ(names_in(dir + "/outside"), std::set<std::string>());
    EXPECT_EQ(content(dir + "/victim"), "untouched");
    EXPECT_EQ(device_at(root + dir + "/outside/a"), "1:3");
    EXPECT_EQ(place("/dev/null", "/../../x", root).error().code, EXDEV);
  });
}

INSTANTIATE_TEST_SUITE_P(Api, DeviceNode, ::testing::Values(true, false),
                         [](const auto& one) { return one.param ? "Modern" : "Legacy"; });

}  // namespace
}  // namespace pyxis
