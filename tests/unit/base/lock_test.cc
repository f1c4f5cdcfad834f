#include "scratch.h"

namespace pyxis {
namespace {

using testing::in_child;
using testing::text_of;

class Lock : public testing::Scratch {
 protected:
  Fd file() {
    auto fd = open_at(dir(), "lock", O_RDWR | O_CREAT, 0600);
    EXPECT_EQ(text_of(fd), "");
    return std::move(*fd);
  }
  static bool had(const Fd& fd, LockMode mode) {
    auto got = try_lock(fd.get(), mode);
    EXPECT_EQ(text_of(got), "");
    return got.ok() && *got;
  }
};

TEST_F(Lock, SharedOnesAgreeAnExclusiveOneDoesNot) {
  auto first = file(), second = file(), third = file();
  EXPECT_TRUE(had(first, LockMode::shared));
  EXPECT_TRUE(had(second, LockMode::shared));
  EXPECT_FALSE(had(third, LockMode::exclusive));
  first.reset();
  EXPECT_FALSE(had(third, LockMode::exclusive));
  EXPECT_EQ(text_of(unlock(second.get())), "");
  EXPECT_TRUE(had(third, LockMode::exclusive));
  EXPECT_FALSE(had(second, LockMode::shared));
}

TEST_F(Lock, LivesAsLongAsACopyInAChild) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Fd reader(ends[0]), writer(ends[1]);
  auto mine = file(), other = file();
  ASSERT_EQ(text_of(lock(mine.get(), LockMode::exclusive)), "");
  pid_t pid = ::fork();
  if (pid == 0) {
    writer.reset();
    char byte;
    ::_exit(::read(reader.get(), &byte, 1) == 0 ? 0 : 1);  // until the parent says so
  }
  mine.reset();
  EXPECT_FALSE(had(other, LockMode::exclusive));
  writer.reset();
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(had(other, LockMode::exclusive));
}

TEST_F(Lock, IsWaitedFor) {
  auto mine = file();
  ASSERT_EQ(text_of(lock(mine.get(), LockMode::exclusive)), "");
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Fd reader(ends[0]), writer(ends[1]);
  pid_t pid = ::fork();
  if (pid == 0) {
    mine.reset();
    auto own = open_at(dir(), "lock", O_RDWR);
    bool waited =
        own.ok() && write_all(writer.get(), "asks").ok() && lock(own->get(), LockMode::exclusive).ok();
    ::_exit(waited && write_all(writer.get(), "has").ok() ? 0 : 1);
  }
  writer.reset();
  char bytes[8];
  ASSERT_EQ(::read(reader.get(), bytes, sizeof bytes), 4);
  mine.reset();
  EXPECT_EQ(::read(reader.get(), bytes, sizeof bytes), 3);
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

TEST_F(Lock, ErrorsOfADescriptorWithoutLocksAreReported) {
  EXPECT_FALSE(lock(-1, LockMode::shared).ok());
  EXPECT_FALSE(try_lock(-1, LockMode::shared).ok());
  EXPECT_FALSE(unlock(-1).ok());
}

}  // namespace
}  // namespace pyxis
