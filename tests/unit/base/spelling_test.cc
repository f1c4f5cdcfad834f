#include "base/spelling.h"

#include <gtest/gtest.h>

namespace pyxis {
namespace {

TEST(Spelling, TheNearestNameIsMeant) {
  EXPECT_EQ(nearest_name("remov", {"list", "remove", "removed"}), "remove");
  EXPECT_EQ(nearest_name("mount", {"image", "mounts"}), "mounts");
  EXPECT_EQ(nearest_name("workdri", {"workdir"}), "workdir");
  EXPECT_EQ(did_you_mean("imaeg", {"image"}), "; did you mean 'image'?");
}

TEST(Spelling, WhatIsFarFromAllIsMeantByNobody) {
  EXPECT_EQ(nearest_name("privileged", {"image", "mounts"}), "");
  EXPECT_EQ(nearest_name("", {"gc"}), "");
  EXPECT_EQ(nearest_name("ab", {"gc"}), "");
  EXPECT_EQ(did_you_mean("x", {}), "");
}

}  // namespace
}  // namespace pyxis
