// Where a SIF file has its root file system, and what is wrong with those that have none for us.
#include "squash/sif.h"

#include <gmock/gmock.h>

#include <cstring>

namespace pyxis::squash {
namespace {

using testing::HasSubstr;

constexpr size_t table = 256, descriptor_bytes = 585, partition_at = 4096;

class Sif : public testing::Test {
 protected:
  Sif() {
    std::memcpy(file_.data() + 32,
                "SIF_MAGIC\0"
                "01\0",
                13);
    number<uint64_t>(88, 3);
    number<uint64_t>(96, table);
    // The first is of another kind, the second is not in use any more.
    descriptor(0, 0x4001, true, 1, 2, "00", 300, 10);
    descriptor(1, 0x4004, false, 1, 2, "00", 300, 10);
    descriptor(2, 0x4004, true, 1, 2, "00", partition_at, 1000);
  }
  template <class Number>
  void number(size_t at, Number value) {
    std::memcpy(file_.data() + at, &value, sizeof value);
  }
  void descriptor(size_t index, uint32_t type, bool used, uint32_t system, uint32_t kind,
                  const char* architecture, uint64_t offset, uint64_t bytes) {
    size_t at = table + index * descriptor_bytes;
    number(at, type);
    file_[at + 4] = used ? 1 : 0;
    number(at + 17, offset);
    number(at + 25, bytes);
    number(at + 201, system);
    number(at + 205, kind);
    std::memcpy(file_.data() + at + 209, architecture, 2);
  }
  Result<SifPartition> find() {
    return find_sif_partition(std::string_view(file_).substr(0, sif_header_bytes), file_.size(),
                              [&](uint64_t offset, std::span<char> out) -> Result<void> {
                                EXPECT_LE(offset + out.size(), file_.size());
                                std::memcpy(out.data(), file_.data() + offset, out.size());
                                return ok();
                              });
  }
  std::string error() {
    auto found = find();
    return found.ok() ? "" : found.error().message;
  }

  std::string file_ = std::string(partition_at + 1000, '\0');
};

TEST_F(Sif, IsKnownByItsMagic) {
  EXPECT_TRUE(is_sif(file_));
  EXPECT_FALSE(is_sif(std::string_view(file_).substr(0, sif_header_bytes - 1)));
  file_[32] = 'X';
  EXPECT_FALSE(is_sif(file_));
}

TEST_F(Sif, ThePrimarySystemPartitionIsFound) {
  auto found = find().value();
  EXPECT_EQ(found.offset, partition_at);
  EXPECT_EQ(found.bytes, 1000u);
}

TEST_F(Sif, WithoutOneThereIsNothingToStart) {
  descriptor(2, 0x4004, true, 1, 3, "00", partition_at, 1000);
  EXPECT_THAT(error(), HasSubstr("without a root file system"));
}

TEST_F(Sif, OtherFileSystemsAndProcessorsAreNamed) {
  descriptor(2, 0x4004, true, 5, 2, "00", partition_at, 1000);
  EXPECT_THAT(error(), HasSubstr("encrypted"));
  descriptor(2, 0x4004, true, 2, 2, "00", partition_at, 1000);
  EXPECT_THAT(error(), HasSubstr("ext3"));
  descriptor(2, 0x4004, true, 77, 2, "00", partition_at, 1000);
  EXPECT_THAT(error(), HasSubstr("none that is known (77)"));
  descriptor(2, 0x4004, true, 1, 2, "11", partition_at, 1000);
  EXPECT_THAT(error(), HasSubstr("for s390x"));
  file_[42] = '7';
  EXPECT_THAT(error(), HasSubstr("version '71'"));
}

TEST_F(Sif, WhatIsNotWithinTheFileIsDamage) {
  for (auto [offset, bytes] : {std::pair<uint64_t, uint64_t>{partition_at, 1001},
                               {file_.size() + 1, 0},
                               {1, 10},
                               {partition_at, ~uint64_t{0}},
                               {~uint64_t{0}, 2}}) {
    descriptor(2, 0x4004, true, 1, 2, "00", offset, bytes);
    EXPECT_EQ(find().error().code, EIO) << offset << " " << bytes;
  }
}

TEST_F(Sif, ATableThatIsNotWithinTheFileIsDamageAndIsNotRead) {
  for (auto [count, at] : {std::pair<uint64_t, uint64_t>{9, table},
                           {~uint64_t{0}, table},
                           {4097, 0},
                           {3, file_.size() - 1},
                           {3, ~uint64_t{0} - 10}}) {
    number(88, count);
    number(96, at);
    EXPECT_EQ(find().error().code, EIO) << count << " " << at;
  }
}

}  // namespace
}  // namespace pyxis::squash
