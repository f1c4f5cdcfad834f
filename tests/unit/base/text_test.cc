#include "base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pyxis {
namespace {

using ::testing::ElementsAre;

TEST(Split, KeepsEmptyFields) {
  EXPECT_THAT(split("a:b:c", ':'), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split(":a::", ':'), ElementsAre("", "a", "", ""));
  EXPECT_THAT(split("", ':'), ElementsAre(""));
}

TEST(Join, IsTheReverse) {
  EXPECT_EQ(join({"", "a", ""}, ":"), ":a:");
  EXPECT_EQ(join({}, ":"), "");
  EXPECT_EQ(join({"a", "b"}, ", "), "a, b");
}

TEST(Trim, TakesBlanksAndLineEndsFromBothEnds) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(trim(""), "");
}

TEST(ToLower, ChangesAsciiOnly) {
  EXPECT_EQ(to_lower("AbZ-\xc3\x84"), "abz-\xc3\x84");
}

TEST(ParseNumber, WantsTheWholeText) {
  EXPECT_EQ(parse_number<unsigned>("42"), 42u);
  EXPECT_EQ(parse_number<int>("-42"), -42);
  for (auto text : {"", " 42", "42 ", "+42", "4x", "0x10", "-"})
    EXPECT_FALSE(parse_number<int>(text)) << text;
  EXPECT_FALSE(parse_number<unsigned>("-1"));
}

TEST(ParseNumber, RefusesWhatDoesNotFit) {
  EXPECT_EQ(parse_number<uint32_t>("4294967295"), 4294967295u);
  EXPECT_FALSE(parse_number<uint32_t>("4294967296"));
  EXPECT_FALSE(parse_number<int8_t>("128"));
}

TEST(Counted, OneIsNotSeveral) {
  EXPECT_EQ(counted(0, "image"), "0 images");
  EXPECT_EQ(counted(1, "image"), "1 image");
  EXPECT_EQ(counted(2, "image file"), "2 image files");
}

TEST(HumanBytes, HasThreeDigitsAtMost) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(1000), "1.0 kB");
  EXPECT_EQ(human_bytes(1500), "1.5 kB");
  EXPECT_EQ(human_bytes(99'900), "100 kB");
  EXPECT_EQ(human_bytes(999'999), "1.0 MB");
  EXPECT_EQ(human_bytes(123'456'789), "123 MB");
  EXPECT_EQ(human_bytes(18'446'744'073'709'551'615ull), "18447 PB");
}

TEST(Printable, ShowsControlCharacters) {
  EXPECT_EQ(printable("a\x1b[31m\n\x7f"), "a\\x1b[31m\\x0a\\x7f");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
}

TEST(Printable, LeavesLettersOfAllScripts) {
  EXPECT_EQ(printable("\xc3\xa4 \xe6\xbc\xa2 \xf0\x9f\x90\xb3"), "\xc3\xa4 \xe6\xbc\xa2 \xf0\x9f\x90\xb3");
}

TEST(Printable, ShowsControlCharactersOfEightBits) {
  // U+009B begins an escape sequence for many terminals, as UTF-8 and as a byte of its own.
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b31m");
  EXPECT_EQ(printable("\x9b"
                      "31m"),
            "\\x9b31m");
}

TEST(Printable, ShowsWhatIsNotUtf8) {
  EXPECT_EQ(printable("\xe6\xbc"), "\\xe6\\xbc");           // cut off
  EXPECT_EQ(printable("\xc0\x9b"), "\\xc0\\x9b");           // overlong
  EXPECT_EQ(printable("\xe0\x82\x9b"), "\\xe0\\x82\\x9b");  // overlong U+009B
  EXPECT_EQ(printable("\xff"
                      "a"),
            "\\xff"
            "a");
}

TEST(DateText, IsInTheLocalTimeZone) {
  ::setenv("TZ", "UTC-2", 1);
  ::tzset();
  EXPECT_EQ(date_text(1769860800), "2026-01-31 14:00");
  ::unsetenv("TZ");
  ::tzset();
}

TEST(ParseBool, KnowsTheWordsOfPlugstackAndEnrootConf) {
  for (auto word : {"1", "true", "yes", "y", "t", "on", "TRUE", " Yes "})
    EXPECT_EQ(parse_bool(word), true) << word;
  for (auto word : {"0", "false", "no", "n", "f", "off", "No"}) EXPECT_EQ(parse_bool(word), false) << word;
  for (auto word : {"", "2", "maybe", "yess"}) EXPECT_FALSE(parse_bool(word)) << word;
}

}  // namespace
}  // namespace pyxis
