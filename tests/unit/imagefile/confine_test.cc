// What a confined process can still do, tried out.
#include "imagefile/confine.h"
#include "imagefile/limits.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <new>
#include <thread>

#include "../base/scratch.h"

namespace pyxis {
namespace {

using testing::in_child;
using testing::text_of;

int errno_of(long result) {
  return result < 0 ? errno : 0;
}

class ConfineTest : public testing::Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    write("secret", "secret");
    make("tree/below");
    write("tree/below/file", "x");
    tree_ = std::move(*open_path(path("tree"), O_RDONLY | O_DIRECTORY));
  }

  int open_errno(const std::string& file, int flags) const {
    auto opened = open_path(file, flags, 0600);
    return opened.ok() ? 0 : opened.error().code;
  }
  int tree() const { return tree_.get(); }
  // By its absolute path, past any descriptor.
  const char* secret() {
    secret_ = path("secret");
    return secret_.c_str();
  }

  // What both kinds of processes cannot do.
  void expect_no_reach_to_others() {
    EXPECT_NE(open_errno(secret(), O_RDONLY), 0);
    EXPECT_NE(open_errno(secret(), O_WRONLY), 0);
    EXPECT_NE(open_errno(path("new"), O_WRONLY | O_CREAT), 0);
    EXPECT_EQ(errno_of(::fchmodat(AT_FDCWD, secret(), 0666, 0)), EPERM);
    EXPECT_EQ(errno_of(::unlink(secret())), EPERM);
    EXPECT_EQ(errno_of(::execl("/bin/true", "true", nullptr)), EPERM);
    EXPECT_EQ(errno_of(::socket(AF_UNIX, SOCK_STREAM, 0)), EPERM);
    EXPECT_EQ(errno_of(::kill(::getppid(), 0)), EPERM);
    EXPECT_EQ(errno_of(::unshare(CLONE_NEWNS)), EPERM);
    struct rlimit limit;
    EXPECT_EQ(errno_of(::prlimit(::getppid(), RLIMIT_CORE, nullptr, &limit)), EPERM);
    EXPECT_EQ(errno_of(::prlimit(0, RLIMIT_CORE, nullptr, &limit)), 0);
    EXPECT_EQ(errno_of(::fcntl(tree(), F_SETOWN, ::getppid())), EPERM);
    EXPECT_EQ(errno_of(::fcntl(tree(), F_GETFD)), 0);
  }

  void expect_threads_and_no_processes() {
    EXPECT_EQ(errno_of(::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, 0)), EPERM);
    EXPECT_EQ(errno_of(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0)), EPERM);
    EXPECT_EQ(errno_of(::syscall(SYS_clone3, nullptr, 0)), ENOSYS);
    bool ran = false;
    std::thread([&] { ran = true; }).join();
    EXPECT_TRUE(ran);
  }

 private:
  Fd tree_;
  std::string secret_;
};

int openat2_errno(int directory, const char* path, uint64_t flags) {
  open_how how{};
  how.flags = flags;
  Fd opened(static_cast<int>(::syscall(SYS_openat2, directory, path, &how, sizeof how)));
  return opened ? 0 : errno;
}

// As on a kernel that is older than Landlock.
void take_landlock_away() {
  ASSERT_EQ(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  auto* filter = seccomp_init(SCMP_ACT_ALLOW);
  ASSERT_EQ(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(landlock_create_ruleset), 0), 0);
  ASSERT_EQ(seccomp_load(filter), 0);
  seccomp_release(filter);
}

TEST_F(ConfineTest, WhoServesReachesNobody) {
  in_child([&] {
    ASSERT_EQ(text_of(confine_to_serving()), "");
    ASSERT_EQ(text_of(confine_to_mount(tree())), "");
    expect_no_reach_to_others();
    expect_threads_and_no_processes();
    EXPECT_EQ(open_errno("/", O_RDONLY | O_DIRECTORY), EACCES);
    EXPECT_EQ(errno_of(::utimensat(tree(), "below", nullptr, 0)), EPERM);
    EXPECT_EQ(errno_of(::linkat(tree(), "below/file", tree(), "link", 0)), EPERM);
    EXPECT_EQ(errno_of(::mkdirat(tree(), "new", 0700)), EPERM);
  });
  EXPECT_FALSE(exists("new"));
}

TEST_F(ConfineTest, WhoServesListsTheDirectoriesOfTheMountAndNoOthers) {
  Fd top(::open(path("tree").c_str(), O_PATH));
  in_child([&] {
    ASSERT_EQ(text_of(confine_to_serving()), "");
    ASSERT_EQ(text_of(confine_to_mount(top.get())), "");
    EXPECT_EQ(openat2_errno(top.get(), "below", O_RDONLY | O_DIRECTORY), 0);
    EXPECT_EQ(openat2_errno(top.get(), ".", O_RDONLY | O_DIRECTORY), 0);
    EXPECT_EQ(openat2_errno(top.get(), "..", O_RDONLY | O_DIRECTORY), EACCES);
    EXPECT_EQ(openat2_errno(top.get(), "below/file", O_RDONLY), EACCES);
    EXPECT_EQ(openat2_errno(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY), EACCES);
    EXPECT_EQ(openat2_errno(AT_FDCWD, secret(), O_RDWR), EACCES);
  });
}

TEST_F(ConfineTest, WithoutLandlockWhoServesOpensNothing) {
  in_child([&] {
    take_landlock_away();
    ASSERT_EQ(text_of(confine_to_serving()), "");
    ASSERT_EQ(text_of(confine_to_mount(tree())), "");
    expect_no_reach_to_others();
    EXPECT_EQ(open_errno("/dev/fuse", O_RDWR), EPERM);
    EXPECT_EQ(openat2_errno(tree(), "below", O_RDONLY | O_DIRECTORY), EPERM);
  });
}

TEST_F(ConfineTest, WhoUnpacksMakesFilesBelowItsDirectoryOnly) {
  const auto before = stat("secret").st_mtim.tv_sec;
  in_child([&] {
    ASSERT_EQ(text_of(confine_to_unpacking(tree())), "");
    expect_no_reach_to_others();
    expect_threads_and_no_processes();
    EXPECT_EQ(errno_of(::mkdirat(tree(), "new", 0700)), 0);
    EXPECT_EQ(errno_of(::mkfifoat(tree(), "fifo", 0600)), 0);
    EXPECT_EQ(errno_of(::symlinkat("target", tree(), "symlink")), 0);
    EXPECT_EQ(errno_of(::linkat(tree(), "below/file", tree(), "link", 0)), 0);
    auto file = open_at(tree(), "below/new", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    EXPECT_EQ(text_of(file), "");
    const timespec times[2] = {{5, 0}, {5, 0}};
    EXPECT_EQ(errno_of(::futimens(file->get(), times)), 0);
    EXPECT_EQ(errno_of(::utimensat(tree(), "symlink", times, AT_SYMLINK_NOFOLLOW)), 0);
    EXPECT_EQ(errno_of(::ftruncate(file->get(), 5)), 0);
    // Out of it: by calls that know no descriptor, by an absolute path, by "..".
    EXPECT_EQ(errno_of(::utimensat(AT_FDCWD, secret(), times, AT_SYMLINK_NOFOLLOW)), EPERM);
    EXPECT_EQ(errno_of(::utimensat(tree(), secret(), times, 0)), EPERM);
    EXPECT_EQ(errno_of(::utimensat(tree(), secret(), times, AT_SYMLINK_NOFOLLOW)), ENOENT);
    EXPECT_EQ(errno_of(::utimensat(tree(), "../secret", times, AT_SYMLINK_NOFOLLOW)), ENOENT);
    EXPECT_EQ(errno_of(::linkat(tree(), secret(), tree(), "stolen", 0)), ENOENT);
    EXPECT_EQ(errno_of(::linkat(AT_FDCWD, secret(), tree(), "stolen", 0)), EPERM);
    EXPECT_EQ(errno_of(::linkat(tree(), "", tree(), "again", AT_EMPTY_PATH)), EPERM);
    EXPECT_EQ(errno_of(::mkdirat(tree(), "../out", 0700)), 0);  // which is in it
    EXPECT_EQ(errno_of(::mknodat(tree(), "device", S_IFCHR | 0600, 0)), EPERM);
    EXPECT_EQ(errno_of(::mknodat(tree(), "socket", S_IFSOCK | 0600, 0)), EPERM);
  });
  EXPECT_EQ(stat("secret").st_mtim.tv_sec, before);
  EXPECT_TRUE(exists("tree/out"));
  EXPECT_FALSE(exists("out"));
}

TEST_F(ConfineTest, WithoutLandlockItsRootDirectoryIsStillTheOneItUnpacksTo) {
  in_child([&] {
    take_landlock_away();
    ASSERT_EQ(text_of(confine_to_unpacking(tree())), "");
    EXPECT_EQ(open_errno(secret(), O_RDONLY), ENOENT);
    EXPECT_EQ(open_errno("/below/file", O_RDONLY), 0);
    auto top = open_at(tree(), "..", O_RDONLY | O_DIRECTORY);
    ASSERT_EQ(text_of(top), "");
    struct stat info;
    EXPECT_EQ(::fstatat(top->get(), "below", &info, 0), 0);
  });
}

#ifndef __SANITIZE_ADDRESS__
TEST_F(ConfineTest, MemoryHasAnEnd) {
  in_child([&] {
    ASSERT_EQ(text_of(limit_memory(2)), "");
    constexpr size_t little = 512u << 20, much = size_t{4} << 30;
    EXPECT_NO_THROW(std::vector<char>().reserve(little));
    EXPECT_THROW(std::vector<char>().reserve(much), std::bad_alloc);
    struct rlimit more = {RLIM_INFINITY, RLIM_INFINITY};
    ASSERT_EQ(text_of(confine_to_serving()), "");
    if (::geteuid() != 0) EXPECT_EQ(errno_of(::setrlimit(RLIMIT_DATA, &more)), EPERM);
  });
}
#endif

}  // namespace
}  // namespace pyxis
