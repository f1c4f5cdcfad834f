#include "image_builder.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <zlib.h>

#include "base/fs.h"
#include "squash/format.h"

namespace pyxis::testing {
namespace {

constexpr size_t block_bytes = squash::metadata_block_bytes;

template <class Number>
void append(std::string& text, Number number) {
  text.append(reinterpret_cast<const char*>(&number), sizeof number);
}

// With its header.
std::string packed(const std::string& block) {
  std::string out(::compressBound(block.size()), '\0');
  uLongf size = out.size();
  EXPECT_EQ(::compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                        reinterpret_cast<const Bytef*>(block.data()), block.size(), 9),
            Z_OK);
  out.resize(size);
  std::string whole;
  append(whole, static_cast<uint16_t>(size));
  return whole + out;
}

std::string repeat(const std::string& text, size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

void append_inode_head(std::string& inodes, squash::InodeType type, bool is_extended) {
  append(inodes, static_cast<uint16_t>(type + (is_extended ? squash::extended : 0)));
  append(inodes, uint16_t{0755});
  append(inodes, uint32_t{0});  // uid, gid
  append(inodes, uint32_t{1});  // time
  append(inodes, uint32_t{1});  // number
}

}  // namespace

uint64_t ImageBuilder::add_directory(uint32_t listing_offset, uint32_t listing_bytes) {
  uint64_t reference = inodes_.size();
  append_inode_head(inodes_, squash::directory, true);
  append(inodes_, uint32_t{2});                  // links
  append(inodes_, uint32_t{listing_bytes + 3});  // "." and ".."
  append(inodes_, uint32_t{0});                  // its listing's block
  append(inodes_, uint32_t{0});                  // parent
  append(inodes_, uint16_t{0});                  // index
  append(inodes_, static_cast<uint16_t>(listing_offset));
  append(inodes_, squash::no_xattr);
  return reference;
}

uint64_t ImageBuilder::add_file(uint64_t size) {
  uint64_t reference = inodes_.size();
  append_inode_head(inodes_, squash::regular, true);
  append(inodes_, uint64_t{96});  // where its blocks begin
  append(inodes_, size);
  append(inodes_, uint64_t{0});  // holes
  append(inodes_, uint32_t{1});  // links
  append(inodes_, squash::no_fragment);
  append(inodes_, uint32_t{0});
  append(inodes_, squash::no_xattr);
  return reference;
}

std::pair<uint32_t, uint32_t> ImageBuilder::add_listing(
    const std::vector<std::pair<std::string, uint64_t>>& entries) {
  auto begin = static_cast<uint32_t>(listings_.size());
  append(listings_, static_cast<uint32_t>(entries.size() - 1));
  append(listings_, uint32_t{0});  // block of their inodes
  append(listings_, uint32_t{1});
  for (const auto& [name, reference] : entries) {
    append(listings_, static_cast<uint16_t>(reference));
    append(listings_, uint16_t{0});
    append(listings_, uint16_t{squash::directory});
    append(listings_, static_cast<uint16_t>(name.size() - 1));
    listings_ += name;
  }
  return {begin, static_cast<uint32_t>(listings_.size()) - begin};
}

void ImageBuilder::repeat_listing(const std::string& block, size_t times) {
  EXPECT_EQ(block.size(), block_bytes);
  repeated_ = block;
  repetitions_ = times;
}

std::string ImageBuilder::build(uint64_t root) const {
  auto inodes = packed(inodes_ + std::string(block_bytes - inodes_.size(), '\0')) +
                repeat(packed(std::string(block_bytes, '\0')), zero_blocks_);
  auto listings = repetitions_ > 0 ? repeat(packed(repeated_), repetitions_)
                                   : packed(listings_.empty() ? std::string(1, '\0') : listings_);
  std::string image;
  append(image, squash::magic);
  append(image, uint32_t{1});          // inodes
  append(image, uint32_t{1});          // time
  append(image, uint32_t{128 << 10});  // block
  append(image, uint32_t{0});          // fragments
  append(image, static_cast<uint16_t>(squash::CompressorId::gzip));
  append(image, uint16_t{17});  // log of the block
  append(image, uint16_t{0});   // flags
  append(image, uint16_t{1});   // ids
  append(image, uint16_t{4});
  append(image, uint16_t{0});
  append(image, root);
  const uint64_t inode_table = squash::super_block_bytes, listing_table = inode_table + inodes.size();
  append(image, uint64_t{listing_table + listings.size()});
  append(image, squash::no_table);  // ids
  append(image, squash::no_table);  // attributes
  append(image, inode_table);
  append(image, listing_table);
  append(image, squash::no_table);
  append(image, squash::no_table);
  return image + inodes + listings;
}

Result<std::unique_ptr<SquashReader>> ImageBuilder::open(uint64_t root) const {
  Fd file(::memfd_create("image", MFD_CLOEXEC));
  TRY(write_all(file.get(), build(root)));
  return SquashReader::open(std::move(file), "x.sqsh");
}

size_t growth_of(const std::function<void()>& act) {
  auto largest = [] {
    struct rusage usage {};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<size_t>(usage.ru_maxrss) << 10;
  };
  auto before = largest();
  act();
  return largest() - before;
}

}  // namespace pyxis::testing
