#include "squash/output_file.h"

#include <seccomp.h>
#include <sys/prctl.h>

#include "../base/scratch.h"

namespace pyxis {
namespace {

using testing::code_of;
using testing::text_of;

class OutputFileTest : public testing::Scratch {
 protected:
  Result<OutputFile> written(const std::string& name, const std::string& text) {
    auto file = TRY(OutputFile::create(dir(), name));
    TRY(write_all(file.fd(), text));
    return file;
  }
};

TEST_F(OutputFileTest, IsThereWhenPublished) {
  auto file = written("a", "new");
  ASSERT_EQ(text_of(file), "");
  EXPECT_FALSE(exists("a"));
  EXPECT_EQ(text_of(file->publish(false)), "");
  EXPECT_EQ(read("a"), "new");
  EXPECT_THAT(names(), ::testing::ElementsAre("a"));
}

TEST_F(OutputFileTest, LeavesNothingWhenItIsNot) {
  { auto file = written("a", "new"); }
  EXPECT_THAT(names(), ::testing::IsEmpty());
}

TEST_F(OutputFileTest, TakesNobodysPlaceUnlessTold) {
  write("a", "old");
  {
    auto file = written("a", "new");
    EXPECT_EQ(code_of(file->publish(false)), EEXIST);
  }
  EXPECT_EQ(read("a"), "old");
  auto file = written("a", "new");
  EXPECT_EQ(text_of(file->publish(true)), "");
  EXPECT_EQ(read("a"), "new");
  EXPECT_THAT(names(), ::testing::ElementsAre("a"));
}

TEST_F(OutputFileTest, ReplacesALinkAndNotWhatItPointsTo) {
  write("elsewhere", "precious");
  link("elsewhere", "a");
  auto file = written("a", "new");
  EXPECT_EQ(text_of(file->publish(true)), "");
  EXPECT_EQ(read("elsewhere"), "precious");
  EXPECT_EQ(read("a"), "new");
}

TEST_F(OutputFileTest, HasTheModeThatTheUmaskGives) {
  UmaskScope umask(027);
  auto file = written("a", "new");
  EXPECT_EQ(text_of(file->publish(false)), "");
  EXPECT_EQ(stat("a").st_mode & 07777, 0640u);
}

TEST_F(OutputFileTest, WhatKilledProcessesLeftOfThatNameIsSweptAway) {
  write(".a.pyxis-123", "left");
  write(".a.pyxis-456", "in the making");
  write(".a.pyxis-log", "somebody's");
  write(".b.pyxis-123", "of another name");
  auto making = open_path(path(".a.pyxis-456"), O_RDWR);
  ASSERT_EQ(text_of(lock(making->get(), LockMode::exclusive)), "");
  auto file = written("a", "new");
  ASSERT_EQ(text_of(file), "");
  EXPECT_THAT(names(), ::testing::UnorderedElementsAre(".a.pyxis-456", ".a.pyxis-log", ".b.pyxis-123"));
}

// As file servers have none.
void take_unnamed_files_away() {
  ASSERT_EQ(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  auto* filter = seccomp_init(SCMP_ACT_ALLOW);
  ASSERT_EQ(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EOPNOTSUPP), SCMP_SYS(openat), 1,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, O_TMPFILE, O_TMPFILE)),
            0);
  ASSERT_EQ(seccomp_load(filter), 0);
  seccomp_release(filter);
}

TEST_F(OutputFileTest, WithoutUnnamedFilesOneInTheMakingIsNobodysToSweep) {
  testing::in_child([&] {
    take_unnamed_files_away();
    auto first = written("a", "first"), second = written("a", "second");
    ASSERT_EQ(text_of(second), "");
    EXPECT_EQ(names().size(), 2u);
    EXPECT_EQ(text_of(first->publish(true)), "");
    EXPECT_EQ(text_of(second->publish(true)), "");
    EXPECT_EQ(read("a"), "second");
    EXPECT_THAT(names(), ::testing::ElementsAre("a"));
  });
}

TEST_F(OutputFileTest, WhatIsNotOnDiskReplacesNothing) {
  write("a", "old");
  testing::in_child([&] {
    ASSERT_EQ(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    auto* filter = seccomp_init(SCMP_ACT_ALLOW);
    ASSERT_EQ(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EIO), SCMP_SYS(fdatasync), 0), 0);
    ASSERT_EQ(seccomp_load(filter), 0);
    seccomp_release(filter);
    auto file = written("a", "new");
    EXPECT_EQ(code_of(file->publish(true)), EIO);
  });
  EXPECT_EQ(read("a"), "old");
}

}  // namespace
}  // namespace pyxis
