// Images of our writer's, unpacked again; and such that contradict themselves. (Those of mksquashfs:
// tests/cli/image_files.bats.)
#include "squash/unpack.h"

#include <sys/mman.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "../base/scratch.h"
#include "squash/writer.h"

namespace pyxis {
namespace {

using testing::code_of;
using ::testing::HasSubstr;
using testing::text_of;

class UnpackTest : public testing::Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    make("tree");
    make("out");
  }

  // The bytes of an image of "tree".
  std::string pack(const std::string& words = "-noI -noD -noF") {
    auto tree = std::move(*open_path(path("tree"), O_PATH | O_DIRECTORY));
    SquashRequest request;
    request.root = tree.get();
    request.compression = *parse_compression_options(words);
    request.processors = 2;
    auto file = std::move(*open_path(path("image"), O_RDWR | O_CREAT | O_TRUNC, 0644));
    EXPECT_EQ(text_of(write_squash(request, file.get())), "");
    file.reset();
    return read("image");
  }

  Result<void> unpack(const std::string& image, UnpackRequest request = {}) {
    Fd file(::memfd_create("image", MFD_CLOEXEC));
    TRY(write_all(file.get(), image));
    auto reader = TRY(SquashReader::open(std::move(file), "x.sqsh"));
    auto out = TRY(open_path(path("out"), O_RDONLY | O_DIRECTORY));
    request.destination = out.get();
    return unpack_image(*reader, request);
  }

  // Where the entry of this name says, in a directory of an image with plain metadata, where its inode is.
  static size_t reference_of(const std::string& image, const std::string& name) {
    constexpr size_t entry_bytes = 8;
    auto at = image.rfind(name);
    EXPECT_NE(at, image.npos) << name;
    return at - entry_bytes;
  }
};

TEST_F(UnpackTest, WhatWasPackedComesBack) {
  std::string large(20'000'000, 'x');
  for (size_t i = 0; i < large.size(); i += 4096) large[i] = static_cast<char>(i >> 12);
  write("tree/large", large);
  write("tree/d/e/deep", "deep");
  write("tree/empty", "");
  link("/etc/nowhere", "tree/link");
  ASSERT_EQ(::link(path("tree/d/e/deep").c_str(), path("tree/again").c_str()), 0);
  ASSERT_EQ(::chmod(path("tree/d").c_str(), 01755), 0);
  ASSERT_EQ(::chmod(path("tree/d/e/deep").c_str(), 04711), 0);
  uint64_t told = 0;
  UnpackRequest request;
  request.threads = 4;
  request.progress = [&](uint64_t bytes) { told = bytes; };
  ASSERT_EQ(text_of(unpack(pack("-comp zstd"), request)), "");
  EXPECT_EQ(read("out/large"), large);
  EXPECT_EQ(read("out/d/e/deep"), "deep");
  EXPECT_EQ(read("out/empty"), "");
  EXPECT_EQ(std::filesystem::read_symlink(path("out/link")), "/etc/nowhere");
  EXPECT_EQ(stat("out/again").st_ino, stat("out/d/e/deep").st_ino);
  EXPECT_EQ(stat("out/d").st_mode & 07777, 01755u);
  EXPECT_EQ(stat("out/d/e/deep").st_mode & 07777, 0711u);
  for (const char* name : {"large", "d", "d/e", "d/e/deep"})
    EXPECT_EQ(stat(std::string("out/") + name).st_mtim.tv_sec,
              stat(std::string("tree/") + name).st_mtim.tv_sec)
        << name;
  EXPECT_EQ(told, large.size() + 4);
}

// Their places are worked out from every 256th one.
TEST_F(UnpackTest, AFileOfManyBlocks) {
  std::string large(5'000'000, 'x');
  for (size_t i = 0, number = 1; i < large.size(); i += number % 1000, number = number * 16807 % 2147483647)
    large[i] = static_cast<char>(number);
  large.replace(2'000'000, 100'000, std::string(100'000, '\0'));
  write("tree/large", large);
  ASSERT_EQ(text_of(unpack(pack("-comp zstd -b 4K"))), "");
  EXPECT_TRUE(read("out/large") == large);
}

TEST_F(UnpackTest, HolesStayHoles) {
  write("tree/holes", "x");
  ASSERT_EQ(::truncate(path("tree/holes").c_str(), 100 << 20), 0);
  ASSERT_EQ(text_of(unpack(pack("-comp zstd"))), "");
  EXPECT_EQ(stat("out/holes").st_size, 100 << 20);
  EXPECT_LT(stat("out/holes").st_blocks, 1024);
}

TEST_F(UnpackTest, ADirectoryThatHoldsItselfIsDamage) {
  write("tree/loop/file", "x");
  auto image = pack();
  // The root's inode, in the first metadata block as all are here, takes the place of the directory's.
  uint64_t root = 0;
  std::memcpy(&root, image.data() + 32, sizeof root);
  ASSERT_LT(root, 0x10000u);
  std::memcpy(image.data() + reference_of(image, "loop"), &root, 2);
  auto unpacked = unpack(image);
  EXPECT_EQ(code_of(unpacked), EIO);
  EXPECT_THAT(text_of(unpacked), HasSubstr("/loop: the image is damaged: a directory with several names"));
}

TEST_F(UnpackTest, TwoFilesOfOneNameAreRefused) {
  write("tree/same1", "x");
  write("tree/same2", "y");
  auto image = pack();
  image[image.rfind("same2") + 4] = '1';
  auto unpacked = unpack(image);
  EXPECT_EQ(code_of(unpacked), EEXIST);
  EXPECT_THAT(text_of(unpacked), HasSubstr("/same1"));
}

TEST_F(UnpackTest, NamesThatLeadElsewhereAreRefused) {
  write("tree/a/abcdef", "x");
  const auto image = pack();
  for (const auto& name : std::vector<std::string>{"../def", "ab/def", std::string("ab\0def", 6)}) {
    auto changed = image;
    changed.replace(changed.rfind("abcdef"), name.size(), name);
    auto unpacked = unpack(changed);
    EXPECT_EQ(code_of(unpacked), EIO) << name;
    ASSERT_EQ(text_of(remove_tree(dir(), "out")), "");
    make("out");
  }
}

TEST_F(UnpackTest, NoLinkOfTheImageIsFollowed) {
  make("elsewhere");
  link(path("elsewhere"), "tree/same1");
  write("tree/same2/file", "x");
  auto image = pack();
  image[image.rfind("same2") + 4] = '1';
  EXPECT_EQ(code_of(unpack(image)), EEXIST);
  EXPECT_TRUE(std::filesystem::is_empty(path("elsewhere")));
}

TEST_F(UnpackTest, AnImageIsWholeOrAnError) {
  write("tree/d/file", std::string(5000, 'x'));
  const auto image = pack("-comp zstd");
  uint64_t bytes = 0;
  std::memcpy(&bytes, image.data() + 40, sizeof bytes);
  for (size_t length = 0; length < bytes; length += 7) {
    EXPECT_NE(text_of(unpack(image.substr(0, length))), "") << length;
  }
}

TEST_F(UnpackTest, AskedToStop) {
  write("tree/large", std::string(5'000'000, 'x'));
  std::stop_source stop;
  UnpackRequest request;
  request.stop = stop.get_token();
  request.progress = [&](uint64_t) { stop.request_stop(); };
  EXPECT_EQ(code_of(unpack(pack("-noD"), request)), ECANCELED);
}

}  // namespace
}  // namespace pyxis
