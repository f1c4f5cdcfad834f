#include "storage/storage_arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pyxis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Words as main() has them.
class Words {
 public:
  Words(std::initializer_list<std::string> words) : texts_(words) {
    for (auto& text : texts_) pointers_.push_back(text.data());
  }
  operator std::span<char* const>() const { return pointers_; }

 private:
  std::vector<std::string> texts_;
  std::vector<char*> pointers_;
};

template <class T>
std::string refusal(const Result<T>& parsed) {
  return parsed.ok() ? "" : parsed.error().text();
}

TEST(CollectArguments, AreNoneByDefault) {
  auto parsed = parse_collect(Words{});
  ASSERT_EQ(refusal(parsed), "");
  EXPECT_FALSE(parsed->limits.bytes || parsed->limits.percent || parsed->limits.max_days);
  EXPECT_FALSE(parsed->dry_run || parsed->quiet || parsed->detach);
  EXPECT_THAT(parsed->images, IsEmpty());
}

TEST(CollectArguments, AreLimitsFlagsAndImagesInAnyOrder) {
  auto parsed = parse_collect(Words{"debian:trixie", "--limit", "2K", "--dry-run", "0123456789ab",
                                    "--max-age", "30", "--quiet", "--limit", "80%", "--detach"});
  ASSERT_EQ(refusal(parsed), "");
  EXPECT_EQ(parsed->limits.bytes, 2048u);
  EXPECT_EQ(parsed->limits.percent, 80u);
  EXPECT_EQ(parsed->limits.max_days, 30u);
  EXPECT_TRUE(parsed->dry_run && parsed->quiet && parsed->detach);
  EXPECT_THAT(parsed->images, ElementsAre("debian:trixie", "0123456789ab"));
}

TEST(CollectArguments, AreRefusedByName) {
  EXPECT_THAT(refusal(parse_collect(Words{"--dry"})), HasSubstr("unknown argument '--dry'"));
  EXPECT_THAT(refusal(parse_collect(Words{""})), HasSubstr("unknown argument ''"));
  EXPECT_THAT(refusal(parse_collect(Words{"--limit"})), HasSubstr("--limit needs a value"));
  EXPECT_THAT(refusal(parse_collect(Words{"--max-age"})), HasSubstr("--max-age needs a value"));
  EXPECT_THAT(refusal(parse_collect(Words{"--max-age", "x\n"})), HasSubstr("'x\\x0a' is no number of days"));
  for (const char* limit : {"", "much", "0%", "101%", "-1", "99999999999T"})
    EXPECT_THAT(refusal(parse_collect(Words{"--limit", limit})), HasSubstr("is no limit")) << limit;
}

TEST(ImageArguments, AreOneOrMore) {
  auto parsed = parse_images(Words{"a", "b"});
  ASSERT_EQ(refusal(parsed), "");
  EXPECT_THAT(*parsed, ElementsAre("a", "b"));
  EXPECT_THAT(refusal(parse_images(Words{})), HasSubstr("no image is named"));
  EXPECT_THAT(refusal(parse_images(Words{"a", "--dry-run"})), HasSubstr("unknown argument '--dry-run'"));
  EXPECT_THAT(refusal(parse_images(Words{""})), HasSubstr("unknown argument ''"));
  EXPECT_EQ(refusal(refuse_arguments(Words{})), "");
  EXPECT_THAT(refusal(refuse_arguments(Words{"all"})), HasSubstr("unknown argument 'all'"));
}

}  // namespace
}  // namespace pyxis
