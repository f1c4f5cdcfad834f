#include "contract/image_file_name.h"

#include <gtest/gtest.h>

namespace pyxis {
namespace {

TEST(ImageFileName, StemsAreWithoutDirectoryExtensionAndQuery) {
  EXPECT_EQ(image_file_stem("/images/tool-1.2.sqsh"), "tool-1.2");
  EXPECT_EQ(image_file_stem("tool.squashfs"), "tool");
  EXPECT_EQ(image_file_stem("./tool.run"), "tool.run");
  EXPECT_EQ(image_file_stem("./a?b.sqsh"), "a?b");
  EXPECT_EQ(image_file_stem("https://host.example/a/tool.sif?path=/b.c&d"), "tool");
}

TEST(ImageFileName, ExtensionsAreThoseOfImageFiles) {
  for (auto path : {"a.sqsh", "a.squashfs", "a.sqfs", "a.sif"}) EXPECT_TRUE(ends_as_image_file(path)) << path;
  for (auto path : {"a", "sqsh", "a.run", "a.sqsh/b"}) EXPECT_FALSE(ends_as_image_file(path)) << path;
}

TEST(ImageFileName, AddressesHaveTheirScheme) {
  EXPECT_TRUE(is_address("https://host.example/a.sqsh"));
  EXPECT_TRUE(is_address("http://host.example/a.sqsh"));
  EXPECT_FALSE(is_address("docker://debian"));
  EXPECT_FALSE(is_address("./https://a"));
}

TEST(ImageFileName, AQueryIsNotShown) {
  EXPECT_EQ(without_query("https://host/x.sqsh?key=secret"), "https://host/x.sqsh?...");
  EXPECT_EQ(without_query("https://host/x.sqsh"), "https://host/x.sqsh");
  EXPECT_EQ(without_query("/images/what?.sqsh"), "/images/what?.sqsh");
  EXPECT_EQ(without_query(without_query("https://host/x.sif?a")), "https://host/x.sif?...");
}

}  // namespace
}  // namespace pyxis
