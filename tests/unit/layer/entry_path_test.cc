#include "layer/entry_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pyxis {
namespace {

constexpr unsigned depth = 10;

std::string parsed(std::string_view name) {
  auto path = parse_entry_path(name, depth);
  return path.ok() ? path->text() : "refused: " + path.error().message;
}

EntryPath::Kind kind(std::string_view name) {
  return parse_entry_path(name, depth)->kind;
}

TEST(EntryPath, IsRelativeToTheRootHoweverItIsWritten) {
  for (auto name : {"a/b", "./a/b", "/a/b", "//a///b/", "a/./b/."}) EXPECT_EQ(parsed(name), "a/b") << name;
  for (auto name : {".", "./", "/", "//."}) EXPECT_EQ(parsed(name), ".") << name;
  EXPECT_EQ(parsed("a\xff\n"), "a\xff\n");
}

TEST(EntryPath, RefusesWhatCouldLeaveOrNotBeMade) {
  for (auto name : {"..", "../a", "a/..", "a/../b", "/..", "./../../etc"})
    EXPECT_THAT(parsed(name), ::testing::HasSubstr("\"..\"")) << name;
  EXPECT_THAT(parsed(""), ::testing::HasSubstr("no name"));
  EXPECT_THAT(parsed(std::string_view("a\0b", 3)), ::testing::HasSubstr("zero byte"));
  EXPECT_EQ(parsed(std::string(255, 'a')), std::string(255, 'a'));
  EXPECT_THAT(parsed(std::string(256, 'a')), ::testing::HasSubstr("longer than 255"));
  EXPECT_EQ(parsed("1/2/3/4/5/6/7/8/9/10"), "1/2/3/4/5/6/7/8/9/10");
  EXPECT_THAT(parsed("1/2/3/4/5/6/7/8/9/10/11"), ::testing::HasSubstr("deeper than 10"));
}

TEST(EntryPath, TellsWhiteoutsApart) {
  EXPECT_EQ(kind("a/.wh.b"), EntryPath::Kind::whiteout);
  EXPECT_EQ(parsed("a/.wh.b"), "a/b");
  EXPECT_EQ(kind("a/.wh..wh..opq"), EntryPath::Kind::opaque);
  EXPECT_EQ(kind(".wh..hidden"), EntryPath::Kind::whiteout);
  EXPECT_EQ(kind("a/.wh"), EntryPath::Kind::ordinary);
  for (auto name : {".wh..wh.plnk", ".wh..wh.plnk/1.2", ".wh..wh.aufs", "a/.wh..wh.orph/x"})
    EXPECT_EQ(kind(name), EntryPath::Kind::ignored) << name;
}

TEST(EntryPath, RefusesWhiteoutsOfNothing) {
  for (auto name : {".wh.", "a/.wh.", ".wh..", "a/.wh..."})
    EXPECT_THAT(parsed(name), ::testing::HasSubstr("no name")) << name;
  EXPECT_THAT(parsed(".wh.d/file"), ::testing::HasSubstr("below a whiteout"));
}

}  // namespace
}  // namespace pyxis
