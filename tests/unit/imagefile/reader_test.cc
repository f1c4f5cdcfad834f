// Images that claim to hold more than there is memory and time for.
#include "squash/reader.h"

#include <sys/mman.h>

#include <array>
#include <cstring>

#include "../base/scratch.h"
#include "image_builder.h"
#include "squash/cache.h"
#include "squash/format.h"

namespace pyxis {
namespace {

using testing::code_of;
using testing::growth_of;
using ::testing::HasSubstr;
using testing::ImageBuilder;
using testing::in_child;
using testing::text_of;

constexpr uint64_t block_bytes = 128u << 10;
constexpr size_t little_memory = 100u << 20;

// A megabyte of image can hold eighty million words of blocks that are holes.
TEST(Reader, AListOfBlocksIsNotMemory) {
  in_child([] {
    constexpr size_t zero_blocks = 40000, words = zero_blocks * 2048;
    ImageBuilder builder;
    auto [listing, bytes] = builder.add_listing({{"a", 0}});
    auto root = builder.add_directory(listing, bytes);
    auto file = builder.add_file(words * block_bytes);
    builder.add_zeros(zero_blocks);
    auto image = builder.open(root);
    ASSERT_EQ(text_of(image), "");
    EXPECT_LT(growth_of([&] {
                auto inode = (*image)->inode(file);
                ASSERT_EQ(text_of(inode), "");
                std::array<char, 10> part{'x'};
                auto got = (*image)->read(**inode, words * block_bytes - 5, part);
                ASSERT_EQ(text_of(got), "");
                EXPECT_EQ(*got, 5u);
                EXPECT_EQ(part[0], '\0');
              }),
              little_memory);
  });
}

TEST(Reader, ALogarithmThatIsNotThatOfTheBlockSizeIsDamage) {
  ImageBuilder builder;
  auto root = builder.add_directory(0, 0);
  for (uint16_t log : {uint16_t{0}, uint16_t{16}, uint16_t{17 + 32}, uint16_t{0x8011}}) {
    auto bytes = builder.build(root);
    std::memcpy(bytes.data() + 22, &log, sizeof log);
    Fd file(::memfd_create("image", MFD_CLOEXEC));
    ASSERT_EQ(text_of(write_all(file.get(), bytes)), "");
    auto image = SquashReader::open(std::move(file), "x.sqsh");
    EXPECT_EQ(code_of(image), EIO) << log;
  }
}

TEST(Reader, AListOfBlocksThatTheFileHasNoRoomForIsDamage) {
  ImageBuilder builder;
  auto root = builder.add_directory(0, 0);
  auto file = builder.add_file(uint64_t{1} << 62);
  auto inode = (*builder.open(root))->inode(file);
  EXPECT_EQ(code_of(inode), EIO);
  EXPECT_THAT(text_of(inode), HasSubstr("a list of blocks beyond its end"));
}

TEST(Reader, AListingThatTheFileHasNoRoomForIsDamage) {
  ImageBuilder builder;
  auto root = builder.add_directory(0, 0xfffffff0);
  auto image = builder.open(root);
  auto listing = (*image)->list(**(*image)->inode(root));
  EXPECT_EQ(code_of(listing), EIO);
  EXPECT_THAT(text_of(listing), HasSubstr("a directory beyond its end"));
}

// Exactly a metadata block, so that it can be repeated.
std::string block_of_entries() {
  ImageBuilder builder;
  std::string block;
  auto add = [&](size_t count, const std::string& name) {
    uint32_t header[] = {static_cast<uint32_t>(count - 1), 0, 1};
    block.append(reinterpret_cast<const char*>(header), sizeof header);
    for (size_t i = 0; i < count; ++i) {
      uint16_t entry[] = {0, 0, squash::regular, static_cast<uint16_t>(name.size() - 1)};
      block.append(reinterpret_cast<const char*>(entry), sizeof entry).append(name);
    }
  };
  for (int i = 0; i < 3; ++i) add(256, "a");
  add(88, "abcdef");
  return block;
}

TEST(Reader, AListingIsNotMemory) {
  in_child([] {
    constexpr size_t blocks = 4000;
    const auto block = block_of_entries();
    ImageBuilder builder;
    builder.repeat_listing(block, blocks);
    auto root = builder.add_directory(0, static_cast<uint32_t>(block.size() * blocks));
    auto image = builder.open(root);
    ASSERT_EQ(text_of(image), "");
    size_t entries = 0;
    EXPECT_LT(growth_of([&] {
                auto listing = (*image)->list(**(*image)->inode(root));
                ASSERT_EQ(text_of(listing), "");
                for (auto entry = listing->next(); entry.ok() && *entry; entry = listing->next()) ++entries;
              }),
              little_memory);
    EXPECT_EQ(entries, blocks * (3 * 256 + 88));
  });
}

TEST(Reader, AListingGoesOnWhereItWasLeft) {
  const auto block = block_of_entries();
  ImageBuilder builder;
  builder.repeat_listing(block, 2);
  auto root = builder.add_directory(0, static_cast<uint32_t>(block.size() * 2));
  auto image = builder.open(root);
  auto listing = (*image)->list(**(*image)->inode(root));
  ASSERT_EQ(text_of(listing), "");
  for (size_t i = 0; i < 2 * (3 * 256 + 88); ++i) {
    auto again = (*image)->list(listing->place());
    ASSERT_EQ(text_of(again), "");
    auto entry = listing->next(), same = again->next();
    ASSERT_TRUE(entry.ok() && *entry && same.ok() && *same) << i;
    EXPECT_EQ((*entry)->name, (*same)->name) << i;
  }
  EXPECT_FALSE(*listing->next());
}

// Whoever reads something large reads it in many pieces.
TEST(Cache, KeepsTheNewestValueHoweverLargeItIs) {
  squash::Cache<int> cache(1600);
  int made = 0;
  auto get = [&](uint64_t key, size_t size) {
    return **cache.get(key, [&](size_t& cost) -> Result<std::shared_ptr<const int>> {
      cost = size;
      return std::make_shared<const int>(++made);
    });
  };
  EXPECT_EQ(get(0, 1000), 1);
  EXPECT_EQ(get(0, 1000), 1);
  EXPECT_EQ(get(16, 10), 2);  // of the same shard
  EXPECT_EQ(get(0, 10), 3);   // which the first had to leave
  EXPECT_EQ(get(16, 10), 2);
}

}  // namespace
}  // namespace pyxis
