#include "engine/image_list.h"

#include "../store/store_fixture.h"
#include "engine/import.h"

namespace pyxis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::text_of;

InventoryImage image(const std::string& reference, const std::string& content) {
  InventoryImage image;
  image.digest = Digest::of(content);
  image.reference = reference;
  return image;
}

class ImageNamed : public testing::StoreTest {
 protected:
  // "" where it is the one of that content.
  std::string meant(const std::string& name, const std::string& content) {
    auto found = image_named(store(), inventory, name, "the list");
    if (!found.ok()) return found.error().text();
    return found->digest == Digest::of(content) ? "" : "another image";
  }
  void resolve(const std::string& name, const std::string& content) {
    auto reference = parse_reference(name);
    ASSERT_EQ(text_of(reference), "");
    auto recorded = recorded_name({*reference, host_platform(), name});
    ASSERT_EQ(text_of(record_name(store(), {recorded, Digest::of(content), Digest::of(content)})), "");
  }

  Inventory inventory{{image("docker://registry.example:5000/team/app:1", "app"),
                       image("docker://registry-1.docker.io/library/debian:trixie", "old"),
                       image("docker://registry-1.docker.io/library/debian:latest", "debian")},
                      {}};
};

TEST_F(ImageNamed, ByTheNameItWasImportedByHoweverThatIsWritten) {
  EXPECT_EQ(meant("docker://registry.example:5000/team/app:1", "app"), "");
  EXPECT_EQ(meant("registry.example:5000/team/app:1", "app"), "");
  EXPECT_EQ(meant("registry.example:5000#team/app:1", "app"), "");
  EXPECT_EQ(meant("debian", "debian"), "");
  EXPECT_THAT(meant("debian:2", ""), HasSubstr("no image debian:2 in the store"));
  EXPECT_THAT(meant("debian:2", ""), HasSubstr("'the list' shows"));
}

TEST_F(ImageNamed, ByTheTagOfAnImageThatWasImportedByTagAndDigest) {
  auto name = "docker://registry.example:5000/team/tool:2@" + Digest::of("index").text();
  inventory.images.push_back(image(name, "tool"));
  inventory.images.push_back(image("docker://a.example/other@" + Digest::of("other").text(), "other"));
  EXPECT_EQ(meant("registry.example:5000/team/tool:2", "tool"), "");
  EXPECT_EQ(meant(name, "tool"), "");
  EXPECT_THAT(meant("registry.example:5000/team/tool:2@" + Digest::of("x").text(), ""),
              HasSubstr("no image"));
  EXPECT_THAT(meant("a.example/other", ""), HasSubstr("no image"));
}

TEST_F(ImageNamed, ByEnoughDigitsOfItsDigest) {
  auto hex = Digest::of("old").hex();
  EXPECT_EQ(meant(hex.substr(0, 12), "old"), "");
  EXPECT_EQ(meant("sha256:" + hex, "old"), "");
  EXPECT_THAT(meant(hex.substr(0, 11), "old"), HasSubstr("no image"));
}

TEST_F(ImageNamed, SeveralOfOneNameAreTakenApartByDigest) {
  inventory.images.push_back(image("docker://registry.example:5000/team/app:1", "newer"));
  EXPECT_THAT(meant("registry.example:5000/team/app:1", "app"), HasSubstr("means several images"));
  EXPECT_EQ(meant(Digest::of("newer").hex(), "newer"), "");
}

TEST_F(ImageNamed, ANameThatWasResolvedMeansThatOfSeveral) {
  inventory.images.push_back(image("docker://registry.example:5000/team/app:1", "newer"));
  inventory.images.push_back(image("docker://registry.example:5000/team/app:1", "newest"));
  resolve("registry.example:5000/team/app:1", "newest");
  EXPECT_EQ(meant("registry.example:5000/team/app:1", "newest"), "");
}

TEST_F(ImageNamed, TextThatIsNoNameIsShownHarmless) {
  EXPECT_THAT(meant("a\x1b[31m", ""), HasSubstr("no image a\\x1b[31m in"));
}

TEST(ImageRow, ShowsSizesAndWhatOthersHaveToo) {
  Inventory inventory;
  inventory.images = {image("docker://a/b:1\x1b", "b"), image("docker://a/c:1", "c")};
  inventory.images[0].layers = {Digest::of("base"), Digest::of("own")};
  inventory.images[1].layers = {Digest::of("base")};
  inventory.layers = {{Digest::of("base"), 1000, 2}, {Digest::of("own"), 500, 1}};
  auto row = image_row(inventory, inventory.images[0]);
  row.pop_back();  // the last use, in the time zone of this machine
  EXPECT_THAT(
      row, ElementsAre("docker://a/b:1\\x1b", Digest::of("b").hex().substr(0, 12), "2", "1.5 kB", "1.0 kB"));
  EXPECT_EQ(image_heading().size(), row.size() + 1);
}

}  // namespace
}  // namespace pyxis
