#include "squash/output_file.h"

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

}  // namespace
}  // namespace pyxis
