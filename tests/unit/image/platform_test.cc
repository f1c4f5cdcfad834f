#include "image/platform.h"

#include <gtest/gtest.h>

namespace pyxis {
namespace {

std::string parsed(std::string_view text) {
  auto platform = parse_platform(text);
  return platform.ok() ? platform->text() : "error";
}

TEST(Platform, WordsForArchitectures) {
  EXPECT_EQ(parsed("amd64"), "linux/amd64");
  EXPECT_EQ(parsed("x86_64"), "linux/amd64");
  EXPECT_EQ(parsed("aarch64"), "linux/arm64");
  EXPECT_EQ(parsed("AARCH64"), "linux/arm64");
  EXPECT_EQ(parsed("armv7l"), "linux/arm/v7");
  EXPECT_EQ(parsed("arm/v7"), "linux/arm/v7");
  EXPECT_EQ(parsed("linux/arm/v7"), "linux/arm/v7");
  EXPECT_EQ(parsed("windows/amd64"), "windows/amd64");
  EXPECT_EQ(parsed("ppc64le"), "linux/ppc64le");
}

TEST(Platform, RefusesOtherText) {
  for (auto text : {"", "/", "linux/", "linux//v7", "linux/arm/v7/x", "a b", "amd64\n", "../amd64"})
    EXPECT_EQ(parsed(text), "error") << text;
}

TEST(Platform, HostIsKnown) {
  EXPECT_NE(host_platform().architecture, "unknown");
}

TEST(Platform, OlderVariantsRunOnNewerMachines) {
  auto fit = [](std::string_view offered, std::string_view wanted) {
    return platform_fit(parse_platform(offered).value(), parse_platform(wanted).value());
  };
  EXPECT_GE(fit("arm64", "arm64"), 0);
  EXPECT_GE(fit("arm64/v8", "arm64"), 0);
  EXPECT_GE(fit("arm/v6", "arm/v7"), 0);
  EXPECT_GT(fit("arm/v7", "arm/v7"), fit("arm/v6", "arm/v7"));
  EXPECT_GT(fit("arm/v6", "arm/v7"), fit("arm/v5", "arm/v7"));
  EXPECT_LT(fit("arm/v7", "arm/v6"), 0);
  EXPECT_LT(fit("amd64/v3", "amd64"), 0);
  EXPECT_GE(fit("amd64", "amd64/v3"), 0);
  EXPECT_LT(fit("arm64", "amd64"), 0);
  EXPECT_LT(fit("windows/amd64", "amd64"), 0);
  EXPECT_LT(fit("amd64/v99999999999999", "amd64"), 0);
}

}  // namespace
}  // namespace pyxis
