// How much room is little.
#include "doctor/place.h"

#include "planted.h"

namespace pyxis::doctor {
namespace {

using ::testing::HasSubstr;

constexpr unsigned long long gigabyte = 1'000'000'000;

struct statvfs file_system(unsigned long long bytes, unsigned long long free, unsigned long long inodes = 0,
                           unsigned long long free_inodes = 0) {
  struct statvfs space {};
  space.f_frsize = 1000;
  space.f_blocks = bytes / 1000;
  space.f_bfree = space.f_bavail = free / 1000;
  space.f_files = inodes;
  space.f_ffree = space.f_favail = free_inodes;
  return space;
}

Finding judged(const struct statvfs& space) {
  Place place;
  place.check = "store";
  place.path = "/store";
  place.cleaning = "run: clean";
  return judge_space(place, space);
}

TEST(Space, WarnsBelowTenPercentAndFailsBelowOne) {
  EXPECT_EQ(judged(file_system(100 * gigabyte, 11 * gigabyte)).verdict, Verdict::pass);
  EXPECT_EQ(judged(file_system(100 * gigabyte, 9 * gigabyte)).verdict, Verdict::warn);
  EXPECT_EQ(judged(file_system(100 * gigabyte, gigabyte / 2)).verdict, Verdict::fail);
  EXPECT_EQ(judged(file_system(gigabyte, 0)).verdict, Verdict::fail);
}

TEST(Space, ASmallPartOfALargeFileSystemIsMuch) {
  EXPECT_EQ(judged(file_system(10'000 * gigabyte, 150 * gigabyte)).verdict, Verdict::pass);
  EXPECT_EQ(judged(file_system(10'000 * gigabyte, 50 * gigabyte)).verdict, Verdict::warn);
  EXPECT_EQ(judged(file_system(10'000 * gigabyte, 5 * gigabyte)).verdict, Verdict::fail);
}

TEST(Space, InodesCountWhereTheFileSystemCountsThem) {
  EXPECT_EQ(judged(file_system(100 * gigabyte, 50 * gigabyte, 0, 0)).verdict, Verdict::pass);
  EXPECT_EQ(judged(file_system(100 * gigabyte, 50 * gigabyte, 1'000'000, 50'000)).verdict, Verdict::warn);
  EXPECT_EQ(judged(file_system(100 * gigabyte, 50 * gigabyte, 1'000'000, 500)).verdict, Verdict::fail);
  EXPECT_EQ(judged(file_system(100 * gigabyte, 50 * gigabyte, 1'000'000'000, 5'000'000)).verdict,
            Verdict::pass);
}

TEST(Space, SaysTheFiguresAndWhatMakesRoom) {
  auto finding = judged(file_system(100 * gigabyte, 5 * gigabyte, 1000, 900));
  EXPECT_EQ(finding.check, "store: space");
  EXPECT_THAT(finding.fact, HasSubstr("/store: 5.0 GB of 100 GB free (5%), 900 of 1000 inodes (90%)"));
  EXPECT_EQ(finding.remedy, "run: clean");
  EXPECT_EQ(judged(file_system(100 * gigabyte, 50 * gigabyte)).remedy, "");
}

// What is reserved for root is neither free for users nor counted as theirs.
TEST(Space, OfRootIsNoSpace) {
  auto space = file_system(100 * gigabyte, 5 * gigabyte);
  space.f_bavail = 0;
  EXPECT_EQ(judged(space).verdict, Verdict::fail);
}

class PlaceOf : public Planted {};

TEST_F(PlaceOf, AParentStandsForADirectoryThatThereIsNotAndNothingIsLeftInIt) {
  Place place;
  place.check = "store";
  place.path = path("a/b/c");
  place.setting = "ENROOT_DATA_PATH";
  place.holds_images = true;
  auto findings = check_place(context_, place);
  EXPECT_THAT(of(findings, "store"),
              ::testing::ElementsAre(HasSubstr("pass: " + place.path + ", which is made")));
  EXPECT_THAT(of(findings, "store: locks"), ::testing::ElementsAre(HasSubstr("pass: ")));
  EXPECT_THAT(names(), ::testing::IsEmpty());
}

TEST_F(PlaceOf, AFileInTheWayIsNamed) {
  write("file", "");
  Place place;
  place.check = "store";
  place.path = path("file/store");
  EXPECT_THAT(of(check_place(context_, place), "store"),
              ::testing::ElementsAre(HasSubstr("fail: " + place.path)));
}

}  // namespace
}  // namespace pyxis::doctor
