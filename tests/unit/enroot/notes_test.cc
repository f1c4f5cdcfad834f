#include "enroot/notes.h"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "base/fs.h"

namespace pyxis::enroot {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class NotesTest : public ::testing::Test {
 protected:
  NotesTest() {
    char name[] = "/tmp/pyxis-notes-XXXXXX";
    top = ::mkdtemp(name);
  }
  ~NotesTest() override { (void)remove_tree(-100 /* AT_FDCWD */, top); }
  Notes decide(const std::string& container = "c") {
    auto notes = Notes::decide(top, container);
    EXPECT_TRUE(notes.ok()) << notes.error().text();
    return std::move(*notes);
  }
  std::string top;
};

TEST_F(NotesTest, AreTheUsersAlone) {
  auto notes = decide();
  struct stat info;
  ASSERT_EQ(::stat(notes.path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700u);
  EXPECT_THAT(*noted_containers(top), ElementsAre("c"));
  EXPECT_THAT(*noted_containers(top + "/none"), IsEmpty());
}

TEST_F(NotesTest, KeepWhoAContainerGoesWith) {
  auto notes = decide();
  EXPECT_FALSE(notes.owner());
  auto self = identify_process(::getpid());
  ASSERT_TRUE(self.ok() && notes.note_owner(*self).ok());
  ASSERT_TRUE(notes.decided().ok());
  auto owner = decide().owner();
  ASSERT_TRUE(owner);
  EXPECT_TRUE(process_alive(*owner));
  EXPECT_FALSE(decide().process());
}

TEST_F(NotesTest, GoWhenForgotten) {
  auto notes = decide();
  ASSERT_TRUE(notes.forget().ok());
  EXPECT_THAT(*noted_containers(top), IsEmpty());
}

TEST_F(NotesTest, AreRemovedWhereForgettingThemWasBrokenOff) {
  auto left = notes_path(top) + "/.forgotten-1-0";
  auto notes = decide();
  ASSERT_TRUE(make_directories(left).ok() && write_file(-100 /* AT_FDCWD */, left + "/lock", "").ok());
  EXPECT_THAT(*noted_containers(top), ElementsAre("c"));
  ASSERT_TRUE(remove_forgotten(top).ok());
  struct stat info;
  EXPECT_NE(::stat(left.c_str(), &info), 0);
  EXPECT_EQ(::stat(notes.path().c_str(), &info), 0);
  EXPECT_TRUE(remove_forgotten(top + "/none").ok());
}

// Whoever waits while the notes are removed gets new ones, and is alone with them.
TEST_F(NotesTest, AreDecidedAboutByOneAtATime) {
  constexpr int rounds = 200;
  int inside = 0, at_once = 0;
  auto work = [&] {
    for (int i = 0; i < rounds; ++i) {
      auto notes = decide();
      at_once = std::max(at_once, ++inside);
      struct stat info;
      EXPECT_EQ(::fstatat(notes.directory(), "lock", &info, 0), 0);
      --inside;
      EXPECT_TRUE((i % 2 == 0 ? notes.forget() : notes.decided()).ok());
    }
  };
  std::thread other(work);
  work();
  other.join();
  EXPECT_EQ(at_once, 1);
}

TEST_F(NotesTest, TellWhetherAnybodyIsInTheContainer) {
  auto notes = decide();
  EXPECT_TRUE(*notes.sole_user(Fd()));
  auto first = notes.use(), second = notes.use();
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_FALSE(*notes.sole_user(Fd()));
  EXPECT_FALSE(*notes.sole_user(*first));
  second->reset();
  EXPECT_TRUE(*notes.sole_user(*first));
}

TEST_F(NotesTest, KnowWhereTheImageFileIs) {
  auto notes = decide();
  auto staging = notes.make_staging(top);
  ASSERT_TRUE(staging.ok()) << staging.error().text();
  ASSERT_TRUE(write_file(-100 /* AT_FDCWD */, *staging + "/image.sqsh", "x").ok());
  struct stat info;
  ASSERT_EQ(::stat(staging->c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700u);
  ASSERT_TRUE(notes.remove_staging().ok());
  EXPECT_NE(::stat(staging->c_str(), &info), 0);
  EXPECT_TRUE(notes.remove_staging().ok());
  EXPECT_FALSE(notes.make_staging(top + "/none").ok());
}

}  // namespace
}  // namespace pyxis::enroot
