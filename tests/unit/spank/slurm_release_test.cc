#include "spank/slurm_release.h"

#include <gtest/gtest.h>

namespace pyxis::spank {
namespace {

constexpr unsigned long number(unsigned long major, unsigned long minor, unsigned long micro) {
  return major << 16 | minor << 8 | micro;
}

TEST(SlurmRelease, SaysNothingWhereTheyFit) {
  EXPECT_EQ(release_complaint("/p.so", number(22, 5, 8), 38 << 16), "");
  EXPECT_EQ(release_complaint("/p.so", number(24, 11, 5), 42 << 16), "");
  EXPECT_EQ(release_complaint("/p.so", number(26, 5, 5), 45 << 16), "");
}

TEST(SlurmRelease, NamesBoth) {
  auto complaint = release_complaint("/p.so", number(22, 5, 8), 42 << 16);
  EXPECT_TRUE(complaint.starts_with("/p.so was built for Slurm 22.05, and this is Slurm 24.11, which"))
      << complaint;
  complaint = release_complaint("/p.so", number(24, 11, 5), 45 << 16);
  EXPECT_TRUE(complaint.starts_with("/p.so was built for Slurm 24.11, and this is Slurm 26.05, which"))
      << complaint;
  complaint = release_complaint("/p.so", number(24, 11, 0), 99 << 16);
  EXPECT_TRUE(
      complaint.starts_with("/p.so was built for Slurm 24.11, and this is a release with libslurm 99,"))
      << complaint;
}

TEST(SlurmRelease, SaysNothingOfWhatItDoesNotKnow) {
  EXPECT_EQ(release_complaint("/p.so", number(99, 5, 0), 99 << 16), "");
}

}  // namespace
}  // namespace pyxis::spank
