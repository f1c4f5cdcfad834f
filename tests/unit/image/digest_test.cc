#include "image/digest.h"

#include <gmock/gmock.h>

namespace pyxis {
namespace {

using testing::HasSubstr;

// FIPS 180-4 example: the empty message.
const std::string empty_sha256 = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(Digest, OfKnownTexts) {
  EXPECT_EQ(Digest::of("").text(), empty_sha256);
  EXPECT_EQ(Digest::of("abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, HashesInPieces) {
  Hasher hasher("sha512");
  hasher.update(std::as_bytes(std::span(std::string_view("a"))));
  hasher.update(std::as_bytes(std::span(std::string_view("bc"))));
  EXPECT_EQ(hasher.finish().text(),
            "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Digest, ParsesWhatItPrints) {
  auto digest = Digest::parse(empty_sha256);
  ASSERT_TRUE(digest.ok());
  EXPECT_EQ(*digest, Digest::of(""));
  EXPECT_EQ(digest->algorithm(), "sha256");
  EXPECT_TRUE(Digest().empty());
}

TEST(Digest, RefusesWhatIsUnsafeOrWrong) {
  for (std::string text :
       {std::string(), std::string("sha256"), std::string("sha256:"), std::string("sha256:abc"),
        empty_sha256 + "0", "sha256:" + std::string(64, 'A'), "sha256:" + std::string(64, '/'),
        "sha256:../../" + std::string(58, 'a'), "md5:" + std::string(32, 'a'),
        "SHA256:" + std::string(64, 'a'), std::string("sha256:") + std::string(63, 'a') + '\0'})
    EXPECT_FALSE(Digest::parse(text).ok()) << text;
  EXPECT_THAT(Digest::parse("md5:\x1b[31m").error().text(), HasSubstr("\\x1b"));
  EXPECT_LT(Digest::parse(std::string(100000, 'x')).error().text().size(), 400u);
}

}  // namespace
}  // namespace pyxis
