// What comes from the unpacker, which a hostile archive may have taken over.
#include "storage/layer_report.h"

#include "../base/scratch.h"
#include "contract/message.h"

namespace pyxis {
namespace {

using testing::code_of;
using testing::text_of;
using namespace std::string_literals;

LayerMeta full_meta() {
  LayerMeta meta;
  meta.files = 3;
  meta.bytes = UINT64_MAX;
  meta.links = {{"a\0b\nc"s, "../../\xff"}, {"", "/"}};
  meta.implied_directories = {"d\0"s, "d\n/e"};
  meta.hides_below = true;
  return meta;
}

void expect_only_the_whole(const Result<LayerMeta>& reported) {
  auto whole = encode_layer_report(reported);
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_EQ(code_of(decode_layer_report(std::string_view(whole).substr(0, length))), EBADMSG) << length;
}

TEST(LayerReport, SurvivesTheJourneyWhateverTheNames) {
  auto sent = full_meta();
  auto got = decode_layer_report(encode_layer_report(sent));
  ASSERT_EQ(text_of(got), "");
  EXPECT_EQ(got->files, sent.files);
  EXPECT_EQ(got->bytes, sent.bytes);
  ASSERT_EQ(got->links.size(), sent.links.size());
  for (size_t i = 0; i < sent.links.size(); ++i) {
    EXPECT_EQ(got->links[i].path, sent.links[i].path);
    EXPECT_EQ(got->links[i].target, sent.links[i].target);
  }
  EXPECT_EQ(got->implied_directories, sent.implied_directories);
  EXPECT_TRUE(got->hides_below);
  auto nothing = decode_layer_report(encode_layer_report(LayerMeta{}));
  ASSERT_EQ(text_of(nothing), "");
  EXPECT_FALSE(nothing->hides_below);
  EXPECT_TRUE(nothing->links.empty() && nothing->implied_directories.empty());
}

TEST(LayerReport, CarriesAnErrorWithAllItSays) {
  for (int code : {0, ENOSPC}) {
    auto got = decode_layer_report(encode_layer_report(Error{"message", "remedy", code}));
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.error().message, "message");
    EXPECT_EQ(got.error().remedy, "remedy");
    EXPECT_EQ(got.error().code, code);
  }
}

TEST(LayerReport, IsRefusedUnlessWhole) {
  expect_only_the_whole(full_meta());
  expect_only_the_whole(LayerMeta{});
  // Long ones: a text that were lost half-way would be seen as a leak.
  expect_only_the_whole(Error{std::string(100, 'm'), std::string(100, 'r'), ENOSPC});
}

TEST(LayerReport, IsRefusedWithMoreBehindIt) {
  EXPECT_EQ(code_of(decode_layer_report(encode_layer_report(full_meta()) + "x")), EBADMSG);
}

TEST(LayerReport, ThatPromisesMoreThanItHasIsRefused) {
  for (int promised : {0, 1}) {
    MessageWriter writer;
    for (uint64_t number : {1, 0, 0}) writer.number(number);  // unpacked, no files, no bytes
    if (promised == 1) writer.number(0);                      // links
    writer.number(UINT64_MAX);
    EXPECT_EQ(code_of(decode_layer_report(writer.take())), EBADMSG) << promised;
  }
}

}  // namespace
}  // namespace pyxis
