#include "sandbox/userns.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/fs.h"
#include "support.h"

namespace pyxis {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<Namespace> usual = {Namespace::user, Namespace::mount};

TEST(IdMapLine, IsUnsigned) {
  EXPECT_EQ(id_map_line(0, 1000), "0 1000 1\n");
  EXPECT_EQ(id_map_line(3000000000u, 3000000000u), "3000000000 3000000000 1\n");
}

TEST(IdMap, BothForms) {
  for (bool remap : {false, true})
    as_user([&](const std::string&) {
      auto uid = ::getuid();
      auto map = own_id_map(remap);
      auto pid = fork_into_namespaces(usual);
      ASSERT_EQ(text_of(pid), "");
      if (*pid == 0) {
        EXPECT_EQ(text_of(write_own_id_map(map)), "");
        EXPECT_EQ(::getuid(), remap ? 0 : uid);
        EXPECT_EQ(content("/proc/self/setgroups"), "deny\n");
        ::_exit(::testing::Test::HasFailure());
      }
      int status = 0;
      ::waitpid(*pid, &status, 0);
      EXPECT_EQ(status, 0);
    });
}

TEST(IdMap, IdsAbove2To31) {
  if (::geteuid() != 0) GTEST_SKIP() << "run as an ordinary user: only root can become such a user";
  as_user(
      [](const std::string& dir) {
        ASSERT_EQ(::getuid(), 3000000000u);
        auto sandbox = create_sandbox(overlay_plan(dir));
        ASSERT_EQ(text_of(sandbox), "");
        inside(*sandbox, [] { EXPECT_EQ(::getuid(), 3000000000u); });
      },
      3000000000u);
}

TEST(IdMap, NotDumpableIsExplained) {
  as_user([](const std::string& dir) {
    if (::getuid() != 12345) return;  // only after a change of ids are the files of /proc another's
    ASSERT_EQ(::prctl(PR_SET_DUMPABLE, 0), 0);
    EXPECT_THAT(text_of(create_sandbox(overlay_plan(dir))), HasSubstr("not executed anew"));
  });
}

// A limit of 0 in a nested user namespace is what a site's sysctl does to everyone.
TEST(NamespacesOff, TheKnobIsNamed) {
  as_user([](const std::string& dir) {
    auto map = own_id_map(true);
    auto pid = fork_into_namespaces(usual);
    ASSERT_EQ(text_of(pid), "");
    if (*pid == 0) {
      EXPECT_EQ(text_of(write_own_id_map(map)), "");
      make_file("/proc/sys/user/max_user_namespaces", "0");
      auto refused = create_sandbox(overlay_plan(dir));
      EXPECT_FALSE(refused.ok());
      EXPECT_THAT(text_of(refused), HasSubstr("user.max_user_namespaces is 0"));
      EXPECT_THAT(text_of(refused), Not(HasSubstr("No space")));
      ::_exit(::testing::Test::HasFailure());
    }
    int status = 0;
    ::waitpid(*pid, &status, 0);
    EXPECT_EQ(status, 0);
  });
}

std::string explained(const std::string& root, int code) {
  return explain_namespace_error(code, usual, root).text();
}

TEST(NamespacesOff, EachKnob) {
  as_user([](const std::string& dir) {
    ASSERT_TRUE(make_directories(dir + "/user").ok());
    ASSERT_TRUE(make_directories(dir + "/kernel").ok());
    make_file(dir + "/user/max_user_namespaces", "10\n");
    make_file(dir + "/user/max_mnt_namespaces", "0\n");
    EXPECT_THAT(explained(dir, ENOSPC), HasSubstr("user.max_mnt_namespaces is 0"));
    make_file(dir + "/user/max_mnt_namespaces", "20\n");
    EXPECT_THAT(explained(dir, ENOSPC),
                HasSubstr("user.max_user_namespaces = 10, user.max_mnt_namespaces = 20"));
    EXPECT_THAT(explained(dir, EPERM), HasSubstr("security module"));
    make_file(dir + "/kernel/apparmor_restrict_unprivileged_userns", "1\n");
    EXPECT_THAT(explained(dir, EACCES), HasSubstr("kernel.apparmor_restrict_unprivileged_userns is 1"));
    make_file(dir + "/kernel/unprivileged_userns_clone", "0\n");
    EXPECT_THAT(explained(dir, EPERM), HasSubstr("kernel.unprivileged_userns_clone is 0"));
  });
}

}  // namespace
}  // namespace pyxis
