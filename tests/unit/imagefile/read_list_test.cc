#include "squash/read_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pyxis {
namespace {

using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint64_t top = 1, bin = 10, python = 11, lib = 20;

ReadList::Item looked_up(const std::string& path) {
  return {path, false, {}};
}
ReadList::Item read(const std::string& path, std::vector<ReadList::Range> ranges) {
  return {path, false, std::move(ranges)};
}
ReadList::Item listed(const std::string& path) {
  return {path, true, {}};
}
ReadList example() {
  return {
      {looked_up("bin"), read("bin/a b\n", {{0, 4096}, {1u << 20, 131072}}), listed("."), looked_up("gone")}};
}

void ask_for_python(ReadLog& log) {
  log.looked_up(top, "bin", bin);
  log.looked_up(bin, "python", python);
}

TEST(ReadList, IsWhatWasEncoded) {
  EXPECT_EQ(ReadList::decode(example().encode()), example());
  EXPECT_EQ(ReadList::decode(ReadList().encode()), ReadList());
}

TEST(ReadList, IsEmptyWhereTheTextIsNoListOrIncomplete) {
  auto text = example().encode();
  for (size_t length = 0; length < text.size(); ++length)
    EXPECT_THAT(ReadList::decode(text.substr(0, length)).items, IsEmpty()) << length;
  EXPECT_THAT(ReadList::decode(text + "more").items, IsEmpty());
  EXPECT_THAT(ReadList::decode(std::string("pyxis read list 2") + text.substr(17)).items, IsEmpty());
}

TEST(ReadList, IsEmptyWhereItAsksForTooMuch) {
  auto large = ReadList{{read("file", {{0, static_cast<uint32_t>(read_list_max_bytes)}, {0, 1}})}};
  EXPECT_THAT(ReadList::decode(large.encode()).items, IsEmpty());
  ReadList many;
  many.items.resize(read_list_max_items + 1, looked_up("name"));
  EXPECT_THAT(ReadList::decode(many.encode()).items, IsEmpty());
}

TEST(ReadLog, HasWhatWasAskedForInItsOrder) {
  ReadLog log({});
  ask_for_python(log);
  log.looked_up(bin, "missing", 0);
  log.read(python, 0, 4096);
  log.read(python, 4096, 4096);  // continues
  log.read(python, 1u << 20, 131072);
  log.listed(bin);
  log.listed(top);
  auto list = log.learned();
  ASSERT_TRUE(list);
  EXPECT_THAT(list->items,
              ElementsAre(looked_up("bin"), looked_up("bin/python"), looked_up("bin/missing"),
                          read("bin/python", {{0, 8192}, {1u << 20, 131072}}), listed("bin"), listed(".")));
}

TEST(ReadLog, KnowsFilesThatAListingShowed) {
  ReadLog log({});
  log.shown(top, "lib", lib);
  log.read(lib, 0, 100);
  log.read(99, 0, 100);  // of which nobody knows where it is
  EXPECT_THAT(log.learned()->items, ElementsAre(read("lib", {{0, 100}})));
}

TEST(ReadLog, LearnsNothingFromWhatIsKnown) {
  ReadLog log({{looked_up("bin"), read("bin/python", {{4096, 4096}, {0, 4096}}), listed(".")}});
  ask_for_python(log);
  log.listed(top);
  log.read(python, 2048, 4096);  // a part of both ranges
  EXPECT_FALSE(log.learned());
}

TEST(ReadLog, AddsToWhatIsKnown) {
  ReadLog log({{read("bin/python", {{0, 4096}})}});
  ask_for_python(log);
  log.read(python, 0, 8192);
  EXPECT_THAT(log.learned()->items, ElementsAre(read("bin/python", {{0, 4096}}), looked_up("bin"),
                                                read("bin/python", {{0, 8192}})));
}

TEST(ReadLog, BeginsAnewWhereBothTogetherAreTooMuch) {
  constexpr auto most = static_cast<uint32_t>(read_list_max_bytes);
  ReadLog log({{read("old", {{0, most}})}});
  ask_for_python(log);
  log.read(python, 0, 1);
  EXPECT_THAT(log.learned()->items, ElementsAre(looked_up("bin"), read("bin/python", {{0, 1}})));
}

TEST(ReadLog, LearnsNothingFromWhoReadsEverything) {
  ReadLog log({});
  ask_for_python(log);
  for (uint64_t offset = 0; offset <= read_list_max_bytes; offset += 1u << 20)
    log.read(python, offset, 1u << 20);
  EXPECT_FALSE(log.learned());
}

TEST(ReadLog, LearnsNothingFromWhoLooksUpEverything) {
  ReadLog log({});
  for (size_t i = 0; i <= read_list_max_items; ++i) log.looked_up(top, std::to_string(i), 0);
  EXPECT_FALSE(log.learned());
}

TEST(ReadLog, LearnsNothingFromWhoAsksForNamesOnly) {
  ReadLog log({{read("bin/python", {{0, 4096}})}});
  log.looked_up(top, "tmp-5f3a", 0);
  EXPECT_FALSE(log.learned());
}

TEST(ReadLog, LearnsNothingFromWhatComesLater) {
  ReadLog log({}, ReadLog::Clock::now() - hours(1));
  ask_for_python(log);
  log.read(python, 0, 1);
  EXPECT_FALSE(log.learned());
}

TEST(ReadLog, TellsWhichStretchesWereRead) {
  ReadLog log({});
  ask_for_python(log);
  log.read(python, 131072 + 4096, 4096);
  EXPECT_TRUE(log.was_read(python, 131072));
  EXPECT_FALSE(log.was_read(python, 0));
  EXPECT_FALSE(log.was_read(lib, 131072));
}

TEST(ReadLog, LeavesOutWhatIsTooDeep) {
  ReadLog log({});
  uint64_t parent = top;
  for (uint64_t number = 2; number < 1000; ++number) {
    log.looked_up(parent, "d", number);
    parent = number;
  }
  ask_for_python(log);
  log.read(python, 0, 1);
  auto list = log.learned();
  ASSERT_TRUE(list);
  EXPECT_LT(list->items.size(), 200u);
}

}  // namespace
}  // namespace pyxis
