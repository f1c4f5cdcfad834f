#include "spank/allocation_notes.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/fs.h"
#include "fake_slurm.h"
#include "temporary.h"

namespace pyxis::spank {
namespace {

Reference image(const char* text) {
  return *parse_reference(text);
}

TEST(AllocationNotes, HoldWhatTheFirstSaid) {
  FakeVariables salloc;
  auto memory = make_allocation_notes(salloc);
  ASSERT_TRUE(memory.ok());
  auto one = AllocationNotes::find(salloc), other = AllocationNotes::find(salloc);
  ASSERT_TRUE(one && other);
  EXPECT_EQ(one->find_digest(7, image("a:b")), std::nullopt);
  EXPECT_EQ(one->note_digest(7, image("a:b"), "sha256:1"), "sha256:1");
  EXPECT_EQ(other->note_digest(7, image("a:b"), "sha256:2"), "sha256:1");
  // However the same image is written.
  EXPECT_EQ(other->find_digest(7, image("docker://library/a:b")), "sha256:1");
}

TEST(AllocationNotes, AreOfOneJobAndOneImage) {
  FakeVariables salloc;
  auto memory = make_allocation_notes(salloc);
  auto notes = AllocationNotes::find(salloc);
  ASSERT_TRUE(notes);
  (void)notes->note_digest(7, image("a:b"), "sha256:1");
  EXPECT_EQ(notes->find_digest(8, image("a:b")), std::nullopt);
  EXPECT_EQ(notes->find_digest(7, image("a:c")), std::nullopt);
  EXPECT_EQ(notes->find_digest(7, image("alice@a:b")), std::nullopt);
}

TEST(AllocationNotes, AreNoneWhereSallocIsGone) {
  FakeVariables salloc;
  EXPECT_FALSE(AllocationNotes::find(salloc));
  ASSERT_TRUE(make_allocation_notes(salloc).ok());  // and closed at once
  EXPECT_FALSE(AllocationNotes::find(salloc));
}

// A process's number and its descriptor's come again, as those of a file of the user's.
TEST(AllocationNotes, AreNoFileThatIsAnotherThing) {
  Temporary directory;
  auto path = directory.path() + "/mine";
  ASSERT_TRUE(write_file(AT_FDCWD, path, "precious").ok());
  auto file = open_path(path, O_RDWR);
  FakeVariables salloc;
  salloc.set(notes_variable, fd_path(file->get()));
  EXPECT_FALSE(AllocationNotes::find(salloc));
  EXPECT_EQ(*read_file(path), "precious");
}

}  // namespace
}  // namespace pyxis::spank
