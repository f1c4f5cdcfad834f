// Both generations of the kernel's mount calls must give the same result.
#include "sandbox/mounter.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/fs.h"
#include "sandbox/mountinfo.h"
#include "sandbox/userns.h"
#include "support.h"

namespace pyxis {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Mounter : public ::testing::TestWithParam<bool> {
 protected:
  const MountApi& api() const { return GetParam() ? modern_mount_api() : legacy_mount_api(); }

  Result<void> mount(const MountEntry& entry, const std::string& root) const {
    Fd fd(open_dir(root));
    return execute_mounts({TRY(plan_mount(entry))}, fd.get(), api());
  }
  Result<void> request(const std::string& source, const std::string& target, const std::string& flags,
                       const std::string& root) const {
    return mount(from_mount_request(source, target, flags), root);
  }
  // A root on a mount of its own, as a container's is.
  std::string make_root(const std::string& dir) const {
    auto root = dir + "/root";
    EXPECT_TRUE(make_directories(root).ok());
    EXPECT_EQ(::mount("tmpfs", root.c_str(), "tmpfs", 0, nullptr), 0);
    return root;
  }
};

unsigned long flags_of(const std::string& path) {
  struct statvfs info;
  return ::statvfs(path.c_str(), &info) == 0 ? info.f_flag : ~0UL;
}

TEST_P(Mounter, DirectoryFileAndDevice) {
  in_namespaces([&](const std::string& dir) {
    auto root = make_root(dir);
    ASSERT_TRUE(make_directories(dir + "/src").ok());
    make_file(dir + "/src/file", "text");
    EXPECT_EQ(text_of(request(dir + "/src", "/data/in put", "", root)), "");
    EXPECT_EQ(content(root + "/data/in put/file"), "text");
    EXPECT_EQ(text_of(request(dir + "/src/file", "/etc/conf", "ro", root)), "");
    EXPECT_EQ(content(root + "/etc/conf"), "text");
    EXPECT_EQ(open_path(root + "/etc/conf", O_WRONLY).error().code, EROFS);
    EXPECT_EQ(text_of(request("/dev/null", "/dev/null", "", root)), "");
    struct stat info;
    ASSERT_EQ(::stat((root + "/dev/null").c_str(), &info), 0);
    EXPECT_TRUE(S_ISCHR(info.st_mode));
  });
}

TEST_P(Mounter, Socket) {
  in_namespaces([&](const std::string& dir) {
    auto root = make_root(dir);
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{AF_UNIX, {}};
    (dir + "/s").copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(text_of(request(dir + "/s", "/run/s", "", root)), "");
    struct stat info;
    ASSERT_EQ(::stat((root + "/run/s").c_str(), &info), 0);
    EXPECT_TRUE(S_ISSOCK(info.st_mode));
  });
}

TEST_P(Mounter, UnreadableFileStaysUnreadable) {
  in_namespaces([&](const std::string& dir) {
    auto root = make_root(dir);
    EXPECT_EQ(text_of(request("/etc/shadow", "/secret", "", root)), "");
    EXPECT_EQ(open_path(root + "/secret", O_RDONLY).error().code, EACCES);
    EXPECT_TRUE(open_path(root + "/secret", O_PATH).ok());
  });
}

TEST_P(Mounter, RecursiveReadOnlyKeepsWhatTheHostLocked) {
  in_namespaces([&](const std::string& dir) {
    auto root = make_root(dir);
    ASSERT_EQ(
        text_of(mount(
            {"/sys", "/sys", "none", {"x-create=dir", "rbind", "ro", "nosuid", "nodev", "noexec"}, 0}, root)),
        "");
    Fd sys(open_dir(root + "/sys"));
    auto below = mounts_below(*read_mountinfo(), *mount_id_of(sys.get()));
    EXPECT_GE(below.size(), 1u);
    for (const auto& record : below)
      EXPECT_EQ(flags_of(record.mount_point) & (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC),
                static_cast<unsigned long>(ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC))
          << record.mount_point;
  });
}

// A mount with attributes set, seen from a user namespace below the one that set them.
TEST_P(Mounter, LockedAttributesSurvive) {
  in_namespaces([&](const std::string& dir) {
    ASSERT_TRUE(make_directories(dir + "/locked").ok());
    ASSERT_EQ(::mount("tmpfs", (dir + "/locked").c_str(), "tmpfs",
                      MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME, nullptr),
              0);
    auto map = own_id_map(false);
    auto pid = fork_into_namespaces({Namespace::user, Namespace::mount});
    ASSERT_EQ(text_of(pid), "");
    if (*pid == 0) {
      EXPECT_EQ(text_of(write_own_id_map(map)), "");
      auto root = make_root(dir);
      EXPECT_EQ(text_of(request(dir + "/locked", "/in", "ro", root)), "");
      unsigned long wanted = ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_NOATIME;
      EXPECT_EQ(flags_of(root + "/in") & wanted, wanted);
      EXPECT_THAT(text_of(mount({"", "/in", "none", {"remount", "exec"}, 0}, root)),
                  HasSubstr("remount /in: "));
      EXPECT_EQ(flags_of(root + "/in") & wanted, wanted);
      ::_exit(::testing::Test::HasFailure());
    }
    int status = 0;
    ::waitpid(*pid, &status, 0);
    EXPECT_EQ(status, 0);
  });
}

TEST_P(Mounter, TmpfsWithOptions) {
  in_namespaces([&](const std::string& dir) {
    auto root = make_root(dir);
    EXPECT_EQ(text_of(request("tmpfs", "/scratch", "size=64k,noexec,nosuid", root)), "");
    struct statvfs info;
    ASSERT_EQ(::statvfs((root + "/scratch").c_str(), &info), 0);
    EXPECT_EQ(info.f_blocks * info.f_frsize, 64u << 10);
    EXPECT_EQ(info.f_flag & (ST_NOEXEC | ST_NOSUID), static_cast<unsigned long>(ST_NOEXEC | ST_NOSUID));
    auto bad = request("tmpfs", "/scratch", "size=many", root);
    EXPECT_THAT(text_of(bad), StartsWith("mount tmpfs on /scratch: "));
    if (GetParam()) {
      EXPECT_THAT(text_of(bad), HasSubstr("size=many"));
    }
    EXPECT_EQ(mount({"x", "/x", "nosuchfs", {"x-create=dir"}, 0}, root).error().code, ENODEV);
  });
}

TEST_P(Mounter, Unmount) {
  in_namespaces([&](const std::string& dir) {
    auto root = make_root(dir);
    ASSERT_EQ(text_of(request("tmpfs", "/t", "", root)), "");
    make_file(root + "/t/x");
    EXPECT_EQ(text_of(request("umount", "/t", "", root)), "");
    EXPECT_FALSE(exists(root + "/t/x"));
    auto again = request("umount", "/t", "", root);
    EXPECT_THAT(text_of(again), StartsWith("unmount /t: "));
    EXPECT_THAT(text_of(again), HasSubstr("nothing is mounted there"));
    EXPECT_EQ(request("umount", "/", "", root).error().code, EBUSY);
    EXPECT_EQ(request("umount", "/nosuch", "", root).error().remedy, "the container has no such path");
  });
}

TEST_P(Mounter, MoveAndRemount) {
  in_namespaces([&](const std::string& dir) {
    auto root = make_root(dir);
    ASSERT_EQ(text_of(request("tmpfs", "/t", "", root)), "");
    make_file(root + "/t/x");
    EXPECT_EQ(text_of(mount({root + "/t", "/moved", "none", {"x-move", "x-create=dir"}, 0}, root)), "");
    EXPECT_TRUE(exists(root + "/moved/x"));
    EXPECT_FALSE(exists(root + "/t/x"));
    EXPECT_EQ(text_of(mount({"none", "/moved", "none", {"remount", "ro", "noexec"}, 0}, root)), "");
    EXPECT_EQ(flags_of(root + "/moved") & (ST_RDONLY | ST_NOEXEC),
              static_cast<unsigned long>(ST_RDONLY | ST_NOEXEC));
    EXPECT_EQ(text_of(mount({"none", "/moved", "none", {"remount", "rw"}, 0}, root)), "");
    EXPECT_EQ(flags_of(root + "/moved") & (ST_RDONLY | ST_NOEXEC), static_cast<unsigned long>(ST_NOEXEC));
  });
}

TEST_P(Mounter, Propagation) {
  in_namespaces([&](const std::string& dir) {
    auto root = make_root(dir);
    ASSERT_EQ(text_of(request("tmpfs", "/t", "shared", root)), "");
    ASSERT_TRUE(make_directories(root + "/t/sub").ok());
    ASSERT_EQ(text_of(request(root + "/t", "/follows", "rslave", root)), "");
    ASSERT_EQ(text_of(request(root + "/t", "/apart", "rprivate", root)), "");
    ASSERT_EQ(::mount("tmpfs", (root + "/t/sub").c_str(), "tmpfs", 0, nullptr), 0);
    make_file(root + "/t/sub/late");
    EXPECT_TRUE(exists(root + "/follows/sub/late"));
    EXPECT_FALSE(exists(root + "/apart/sub/late"));
  });
}

TEST_P(Mounter, ErrorsNameTheCause) {
  in_namespaces([&](const std::string& dir) {
    auto root = make_root(dir);
    make_file(dir + "/file");
    ASSERT_TRUE(make_directories(root + "/directory").ok());
    make_file(root + "/plain");
    EXPECT_THAT(text_of(request(dir + "/no such", "/x", "", root)),
                StartsWith("source path does not exist: " + dir + "/no such; "));
    EXPECT_THAT(text_of(request("/home", "../home", "", root)),
                StartsWith("mount /home on ../home: ../home: Invalid cross-device link; it leads out"));
    EXPECT_THAT(text_of(request(dir, "/plain", "", root)), HasSubstr("the target is not: Not a directory"));
    EXPECT_THAT(text_of(request(dir + "/file", "/directory", "", root)), HasSubstr("Is a directory"));
    EXPECT_EQ(request(dir, "/", "", root).error().code, EBUSY);
    EXPECT_THAT(text_of(mount({dir, "/absent", "none", {"rbind"}, 0}, root)), HasSubstr("x-create=auto"));
    EXPECT_THAT(text_of(mount({"/", "/directory", "none", {"bind"}, 0}, root)), HasSubstr("use rbind"));
    EXPECT_EQ(text_of(mount({"/no/such", "/directory", "none", {"rbind", "nofail"}, 0}, root)), "");
    EXPECT_THAT(text_of(request("/root/x", "/directory", "", root)),
                HasSubstr("cannot be reached: /root/x: Permission denied"));
  });
}

INSTANTIATE_TEST_SUITE_P(Kernel, Mounter, ::testing::Values(true, false),
                         [](const auto& one) { return one.param ? "Modern" : "Legacy"; });

TEST(Mountinfo, Parses) {
  auto records = parse_mountinfo(
      "36 35 98:0 /a /mnt\\0402 ro,noatime master:1 - ext3 /dev/root rw\nbroken\n"
      "37 36 0:1 / /x rw,nosuid,relatime - tmpfs t rw\n38 37 0:1 / /y rw - tmpfs t rw\n");
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].mount_point, "/mnt 2");
  EXPECT_EQ(records[0].attributes, 0x11u);
  EXPECT_EQ(records[0].type, "ext3");
  EXPECT_EQ(records[1].attributes, 0x02u);
  EXPECT_EQ(records[2].attributes, 0x20u);
  EXPECT_EQ(mounts_below(records, 37).size(), 2u);
}

}  // namespace
}  // namespace pyxis
