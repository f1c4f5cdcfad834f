// Bundles: what is written is read, and what is no bundle, or a doubtful one, is none.
#include "engine/bundle.h"

#include <gmock/gmock.h>

namespace pyxis {
namespace {

TEST(Trailer, IsReadAsWritten) {
  BundleTrailer trailer{4096, 0x123456789aull, 0x123456889aull, 77};
  auto text = trailer.encode();
  ASSERT_EQ(text.size(), BundleTrailer::bytes);
  auto read = BundleTrailer::decode(text, 0x200000000000ull);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->image_offset, trailer.image_offset);
  EXPECT_EQ(read->image_bytes, trailer.image_bytes);
  EXPECT_EQ(read->facts_offset, trailer.facts_offset);
  EXPECT_EQ(read->facts_bytes, trailer.facts_bytes);
}

TEST(Trailer, WhatLiesBeyondTheFileIsNone) {
  constexpr uint64_t file = 10000;
  auto read = [&](BundleTrailer trailer) {
    return BundleTrailer::decode(trailer.encode(), file).has_value();
  };
  EXPECT_TRUE(read({4096, 5904, 9000, 1000}));
  EXPECT_FALSE(read({4096, 5905, 9000, 1000}));
  EXPECT_FALSE(read({4096, 5904, 9000, 1001}));
  EXPECT_FALSE(read({10001, 0, 0, 0}));
  EXPECT_FALSE(read({4096, ~0ull, 0, 0}));
  EXPECT_FALSE(read({~0ull, 4096, 0, 0}));
  EXPECT_FALSE(read({0, 0, ~0ull, ~0ull}));
}

TEST(Trailer, OtherBytesAreNone) {
  auto text = BundleTrailer{0, 1, 2, 3}.encode();
  EXPECT_FALSE(BundleTrailer::decode(text.substr(1), 100));
  EXPECT_FALSE(BundleTrailer::decode(text + "x", 100));
  text[0] = 'x';
  EXPECT_FALSE(BundleTrailer::decode(text, 100));
  EXPECT_FALSE(BundleTrailer::decode("", 100));
}

TEST(Facts, AreReadAsWritten) {
  BundleFacts facts;
  facts.name = "image";
  facts.description = "two\nlines";
  facts.target = "/there";
  facts.checksum = "sha256:x";
  facts.files = {{"site/hooks.d/10.sh", "#!/bin/sh\n", true}, {"user/environ.d/1.env", "", false}};
  auto read = BundleFacts::decode(facts.encode());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->description, facts.description);
  EXPECT_EQ(read->checksum, facts.checksum);
  ASSERT_EQ(read->files.size(), 2u);
  EXPECT_EQ(read->files[0].path, "site/hooks.d/10.sh");
  EXPECT_TRUE(read->files[0].executable);
  EXPECT_FALSE(read->files[1].executable);
}

TEST(Facts, CutOffOnesAreAnError) {
  auto whole = BundleFacts{"a", "b", "c", "d", {{"p", "content", true}}}.encode();
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(BundleFacts::decode(std::string_view(whole).substr(0, length)).ok()) << length;
}

}  // namespace
}  // namespace pyxis
