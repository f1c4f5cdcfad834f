#include "squash/compression_options.h"

#include <gmock/gmock.h>

namespace pyxis {
namespace {

using Algorithm = CompressionOptions::Algorithm;
using ::testing::HasSubstr;

CompressionOptions parsed(std::string_view text) {
  auto options = parse_compression_options(text);
  EXPECT_TRUE(options.ok()) << options.error().text();
  return options.ok() ? *options : CompressionOptions{};
}
std::string refused(std::string_view text) {
  auto options = parse_compression_options(text);
  return options.ok() ? "taken" : options.error().text();
}

TEST(CompressionOptions, NothingIsTheDefault) {
  for (std::string_view text : {std::string_view(), std::string_view("  \t "), default_squash_options}) {
    auto options = parsed(text);
    EXPECT_EQ(options.algorithm, Algorithm::zstd);
    EXPECT_EQ(options.level, 3u);
    EXPECT_EQ(options.block_size, 128u << 10);
    EXPECT_TRUE(options.warnings.empty());
  }
}

TEST(CompressionOptions, AlgorithmsAndLevels) {
  EXPECT_EQ(parsed("-comp gzip").algorithm, Algorithm::gzip);
  EXPECT_EQ(parsed("-comp gzip").level, std::nullopt);
  EXPECT_EQ(parsed("-comp xz").algorithm, Algorithm::xz);
  EXPECT_EQ(parsed("-comp zstd -Xcompression-level 19").level, 19u);
  EXPECT_EQ(parsed("-Xcompression-level 9 -comp gzip").level, 9u);
  auto lz4 = parsed("-comp lz4 -Xhc");
  EXPECT_EQ(lz4.algorithm, Algorithm::lz4);
  EXPECT_TRUE(lz4.lz4_high);
}

// enroot's own default.
TEST(CompressionOptions, LzoBecomesZstdWithAWarning) {
  auto options = parsed("-comp lzo -noD -exit-on-error");
  EXPECT_EQ(options.algorithm, Algorithm::zstd);
  EXPECT_EQ(options.level, 3u);
  EXPECT_FALSE(options.data);
  EXPECT_TRUE(options.fragments);
  EXPECT_THAT(options.warnings, ::testing::ElementsAre(HasSubstr("lzo")));
  EXPECT_EQ(parsed("-comp lzo -Xcompression-level 9").level, 3u);
}

TEST(CompressionOptions, BlockSizes) {
  EXPECT_EQ(parsed("-b 4096").block_size, 4096u);
  EXPECT_EQ(parsed("-b 256K").block_size, 256u << 10);
  EXPECT_EQ(parsed("-b 1M").block_size, 1u << 20);
  for (const char* size : {"2M", "2048", "100K", "0", "K", "-1", "128KB", "18446744073709551615M"})
    EXPECT_THAT(refused(std::string("-b ") + size), HasSubstr(size));
}

TEST(CompressionOptions, WhatIsStoredAsItIs) {
  auto options = parsed("-noI -noD -noF -noX");
  EXPECT_FALSE(options.inodes || options.data || options.fragments || options.attributes);
  EXPECT_FALSE(parsed("-no-fragments").use_fragments);
  EXPECT_TRUE(parsed("-always-use-fragments").tail_fragments);
  EXPECT_FALSE(parsed("-no-duplicates").deduplicate);
}

TEST(CompressionOptions, WordsAboutTheProgramAreTaken) {
  auto options =
      parsed("-mem 2G -no-progress -quiet\t-exit-on-error -processors 3 -read-queue 64\n-all-root");
  EXPECT_EQ(options.processors, 3u);
}

TEST(CompressionOptions, WordsOfOneAlgorithm) {
  auto xz = parsed("-Xbcj x86,arm -Xdict-size 37.5% -comp xz -b 256K");
  EXPECT_THAT(xz.filters, ::testing::ElementsAre("x86", "arm"));
  EXPECT_EQ(xz.dictionary, 96u << 10);
  EXPECT_EQ(parsed("-comp xz -Xdict-size 32K").dictionary, 32u << 10);
  EXPECT_EQ(parsed("-comp xz -b 1M -Xdict-size 100%").dictionary, 1u << 20);
  auto gzip = parsed("-comp gzip -Xwindow-size 9 -Xstrategy filtered,run_length_encoded");
  EXPECT_EQ(gzip.window, 9u);
  EXPECT_THAT(gzip.strategies, ::testing::ElementsAre("filtered", "run_length_encoded"));
  // enroot's default algorithm is another's here; what is said of it concerns nobody.
  EXPECT_EQ(parsed("-comp lzo -Xalgorithm lzo1x_1").warnings.size(), 1u);
  for (std::string_view text :
       {"-Xbcj x86", "-comp gzip -Xdict-size 50%", "-comp lz4 -Xstrategy fixed", "-Xwindow-size 9",
        "-comp xz -Xbcj mips", "-comp xz -Xdict-size 10K", "-comp xz -Xdict-size 4K",
        "-comp xz -Xdict-size 256K", "-comp xz -Xdict-size 150%", "-comp gzip -Xwindow-size 16",
        "-comp gzip -Xstrategy best", "-comp gzip -Xstrategy"})
    EXPECT_NE(refused(text), "taken") << text;
  EXPECT_THAT(refused("-comp xz -Xbcj mips"), HasSubstr("'-Xbcj mips': there are x86 arm"));
}

TEST(CompressionOptions, ErrorsNameTheWord) {
  EXPECT_THAT(refused("-comp gzip -frobnicate"), HasSubstr("'-frobnicate'"));
  EXPECT_THAT(refused("-e etc"), HasSubstr("'-e'"));
  EXPECT_THAT(refused("stray"), HasSubstr("'stray'"));
  EXPECT_THAT(refused("-comp bzip2"), HasSubstr("'-comp bzip2'"));
  EXPECT_THAT(refused("-comp"), HasSubstr("'-comp' lacks its value"));
  EXPECT_THAT(refused("-comp gzip -Xcompression-level 10"), HasSubstr("1 to 9"));
  EXPECT_THAT(refused("-Xcompression-level 23"), HasSubstr("1 to 22"));
  EXPECT_THAT(refused("-comp xz -Xcompression-level 3"), HasSubstr("gzip or zstd"));
  EXPECT_THAT(refused("-Xhc"), HasSubstr("-comp lz4"));
  EXPECT_THAT(refused("-processors 0"), HasSubstr("'-processors 0'"));
  EXPECT_THAT(refused("-quiet"), HasSubstr("taken"));
}

}  // namespace
}  // namespace pyxis
