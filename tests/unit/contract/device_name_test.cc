#include "contract/device_name.h"

#include <gmock/gmock.h>

namespace pyxis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(DeviceName, KindAndName) {
  auto device = parse_device_name("nvidia.com/gpu=GPU-8f3a:0");
  ASSERT_TRUE(device.ok()) << device.error().text();
  EXPECT_EQ(device->kind, "nvidia.com/gpu");
  EXPECT_EQ(device->name, "GPU-8f3a:0");
  EXPECT_EQ(device->text(), "nvidia.com/gpu=GPU-8f3a:0");
}

TEST(DeviceName, WhatIsNoneIsTold) {
  for (const auto* text :
       {"", "gpu", "gpu=0", "nvidia.com/gpu", "nvidia.com/gpu=", "/gpu=0", "nvidia.com/=0", "-v/gpu=0",
        "v.com/gpu=../x", "v.com/a/b=0", "v.com/gpu=0=1", "v.com/gpu=a b", "9v.com/gpu=0", "v.com/gpu=0-"}) {
    auto device = parse_device_name(text);
    ASSERT_FALSE(device.ok()) << text;
    EXPECT_THAT(device.error().text(), HasSubstr("write VENDOR/CLASS=NAME")) << text;
  }
  EXPECT_THAT(parse_device_name("v.com/gpu=\n").error().text(), HasSubstr("\\x0a"));
}

TEST(DeviceName, ListsHaveEachOnce) {
  EXPECT_THAT(*parse_device_list("v.com/gpu=0,v.com/gpu=1,v.com/gpu=0"),
              ElementsAre("v.com/gpu=0", "v.com/gpu=1"));
  EXPECT_THAT(*parse_device_list("none"), IsEmpty());
  EXPECT_FALSE(parse_device_list("v.com/gpu=0,").ok());
  EXPECT_FALSE(parse_device_list("v.com/gpu=0,none").ok());
  EXPECT_FALSE(parse_device_list("").ok());
}

}  // namespace
}  // namespace pyxis
