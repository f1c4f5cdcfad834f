#include "engine/import_news.h"

#include <gtest/gtest.h>

namespace pyxis {
namespace {

TEST(ImportNews, ArrivesAsSent) {
  using Kind = ImportNews::Kind;
  for (auto kind : {Kind::warn, Kind::progress, Kind::progress_end, Kind::done, Kind::failed}) {
    ImportNews sent{kind, std::string("a\0line\n", 7), "a remedy", ENOSPC};
    auto got = ImportNews::decode(sent.encode());
    ASSERT_TRUE(got.ok()) << got.error().text();
    EXPECT_EQ(got->kind, sent.kind);
    EXPECT_EQ(got->text, sent.text);
    EXPECT_EQ(got->remedy, sent.remedy);
    EXPECT_EQ(got->code, sent.code);
  }
}

TEST(ImportNews, CutShortIsAnErrorAtEveryLength) {
  auto body = ImportNews{ImportNews::Kind::failed, "text", "remedy", 5}.encode();
  for (size_t length = 0; length < body.size(); ++length) {
    auto got = ImportNews::decode(body.substr(0, length));
    ASSERT_FALSE(got.ok()) << length;
    EXPECT_EQ(got.error().code, EBADMSG) << length;
  }
}

TEST(ImportNews, OfAnUnknownKindIsAnError) {
  MessageWriter writer;
  writer.number(static_cast<uint64_t>(ImportNews::Kind::note) + 1);
  writer.text("");
  writer.text("");
  writer.number(0);
  auto got = ImportNews::decode(writer.take());
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code, EBADMSG);
}

}  // namespace
}  // namespace pyxis
