#include "engine/job_pins.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "base/fs.h"
#include "image/digest.h"

namespace pyxis {
namespace {

class JobPins : public ::testing::Test {
 protected:
  JobPins() {
    char path[] = "/tmp/pyxis-pins.XXXXXX";
    directory_ = ::mkdtemp(path);
  }
  ~JobPins() override {
    auto parent = open_path("/tmp", O_RDONLY | O_DIRECTORY);
    (void)remove_tree(parent->get(), directory_.substr(5));
  }

  std::optional<Digest> pin(uint64_t job, const std::string& name) {
    auto found = find_pin(directory_, job, *parse_reference(name));
    EXPECT_TRUE(found.ok());
    return found.ok() ? *found : std::nullopt;
  }

  std::string directory_;
  Digest first_ = Digest::of("first"), second_ = Digest::of("second");
};

TEST_F(JobPins, TheFirstOneCountsForTheJobAndTheName) {
  EXPECT_EQ(pin(7, "debian:trixie"), std::nullopt);
  ASSERT_TRUE(note_pin(directory_, 7, *parse_reference("debian:trixie"), first_).ok());
  ASSERT_TRUE(note_pin(directory_, 7, *parse_reference("debian:trixie"), second_).ok());
  EXPECT_EQ(pin(7, "docker://debian:trixie"), first_);
  EXPECT_EQ(pin(7, "debian:bookworm"), std::nullopt);
  EXPECT_EQ(pin(77, "debian:trixie"), std::nullopt);
}

TEST_F(JobPins, OfJobsLongGoneGoUnlessTheyAreUsed) {
  ASSERT_TRUE(note_pin(directory_, 7, *parse_reference("used"), first_).ok());
  ASSERT_TRUE(note_pin(directory_, 8, *parse_reference("forgotten"), first_).ok());
  auto notes = open_path(directory_ + "/pins", O_RDONLY | O_DIRECTORY);
  ASSERT_TRUE(notes.ok());
  timespec long_ago[2] = {{1000, 0}, {1000, 0}};
  auto names = list_directory(notes->get());
  ASSERT_TRUE(names.ok());
  for (const auto& note : *names)
    ASSERT_EQ(::utimensat(notes->get(), note.c_str(), long_ago, 0), 0);
  EXPECT_EQ(pin(7, "used"), first_);
  ASSERT_TRUE(note_pin(directory_, 9, *parse_reference("new"), first_).ok());
  EXPECT_EQ(pin(7, "used"), first_);
  EXPECT_EQ(pin(8, "forgotten"), std::nullopt);
}

TEST_F(JobPins, GoWithTheirJob) {
  ASSERT_TRUE(note_pin(directory_, 7, *parse_reference("debian"), first_).ok());
  ASSERT_TRUE(note_pin(directory_, 77, *parse_reference("debian"), second_).ok());
  forget_pins(directory_, 7);
  EXPECT_EQ(pin(7, "debian"), std::nullopt);
  EXPECT_EQ(pin(77, "debian"), second_);
}

TEST_F(JobPins, ADirectoryThatWasNeverMadeHasNone) {
  auto found = find_pin(directory_ + "/none", 7, *parse_reference("debian"));
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(*found, std::nullopt);
  forget_pins(directory_ + "/none", 7);
}

}  // namespace
}  // namespace pyxis
