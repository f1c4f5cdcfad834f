#include "store/collection.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "store/containers.h"
#include "store_fixture.h"

namespace pyxis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::text_of;
using ::testing::UnorderedElementsAre;

Digest digest(const std::string& text) {
  return Digest::of(text);
}

InventoryImage image(const std::string& name, uint64_t last_use, std::vector<Digest> layers) {
  return {digest(name), name, std::move(layers), last_use, true, false, false};
}

std::vector<std::string> names(const Collection& collection) {
  std::vector<std::string> names;
  for (const auto& image : collection.images) names.push_back(image.reference);
  return names;
}

// Three images over a common base of 100 bytes, with 10 bytes of their own each.
Inventory three() {
  Inventory inventory;
  inventory.images = {image("new", 30, {digest("base"), digest("c")}),
                      image("old", 10, {digest("base"), digest("a")}),
                      image("middle", 20, {digest("base"), digest("b")})};
  inventory.layers = {
      {digest("base"), 100, 3}, {digest("a"), 10, 1}, {digest("b"), 10, 1}, {digest("c"), 10, 1}};
  return inventory;
}

TEST(PlanCollection, WithoutLimitsOnlyWhatNothingNames) {
  auto inventory = three();
  EXPECT_THAT(plan_collection(inventory, {}).images, IsEmpty());
  inventory.images[2].named = false;
  inventory.layers.push_back({digest("orphan"), 7, 0});
  auto plan = plan_collection(inventory, {});
  EXPECT_THAT(names(plan), ElementsAre("middle"));
  EXPECT_THAT(plan.layers, UnorderedElementsAre(digest("orphan"), digest("b")));
  EXPECT_EQ(plan.bytes, 17u);
}

TEST(PlanCollection, TheLongestUnusedUntilTheSizeIsReached) {
  EXPECT_THAT(names(plan_collection(three(), {.bytes = 130})), IsEmpty());
  EXPECT_THAT(names(plan_collection(three(), {.bytes = 129})), ElementsAre("old"));
  EXPECT_THAT(names(plan_collection(three(), {.bytes = 115})), ElementsAre("old", "middle"));
  auto all = plan_collection(three(), {.bytes = 0});
  EXPECT_THAT(names(all), ElementsAre("old", "middle", "new"));
  EXPECT_EQ(all.bytes, 130u);  // the common layer goes with the last of its images
}

TEST(PlanCollection, WhatWasNotUsedSince) {
  EXPECT_THAT(names(plan_collection(three(), {.unused_since = 20})), ElementsAre("old"));
  EXPECT_THAT(names(plan_collection(three(), {.unused_since = 21})), ElementsAre("old", "middle"));
}

TEST(PlanCollection, NeverWhatIsPinnedOrInUse) {
  auto inventory = three();
  inventory.images[0].pinned = true;
  inventory.images[1].in_use = true;
  inventory.images[1].named = false;
  CollectionLimits limits{.bytes = 0, .unused_since = 100, .images = {digest("new"), digest("old")}};
  auto plan = plan_collection(inventory, limits);
  EXPECT_THAT(names(plan), ElementsAre("middle"));
  EXPECT_THAT(plan.layers, ElementsAre(digest("b")));
}

TEST(PlanCollection, ALayerThatAnImageHasTwiceIsCountedOnce) {
  Inventory inventory;
  inventory.images = {image("twice", 1, {digest("a"), digest("a")})};
  inventory.layers = {{digest("a"), 10, 1}};
  auto plan = plan_collection(inventory, {.bytes = 0});
  EXPECT_THAT(plan.layers, ElementsAre(digest("a")));
  EXPECT_EQ(plan.bytes, 10u);
}

class Collect : public testing::StoreTest {
 protected:
  StoredImage published(const std::string& name, std::vector<Digest> layers) {
    StoredImage image;
    image.manifest = "{\"name\": \"" + name + "\"}";
    image.config = "{}";
    image.digest = Digest::of(image.manifest);
    image.reference = name;
    image.layers = std::move(layers);
    EXPECT_EQ(text_of(publish_image(store(), stage(), image)), "");
    EXPECT_EQ(text_of(record_name(store(), {name, image.digest, image.digest})), "");
    return image;
  }
  Digest sized(const std::string& blob) {
    LayerMeta meta;
    meta.bytes = 10;
    return layer(blob, meta);
  }
  void make_container(const std::string& name, const StoredImage& image) {
    ContainerRecord record;
    record.name = name;
    record.image = image.digest;
    ASSERT_EQ(text_of(note_image_use(store(), record)), "");
    ASSERT_EQ(text_of(create_container(store(), record, [](int) { return ok(); })), "");
  }
  std::vector<std::string> users(const StoredImage& image) {
    return list_directory(open_at(store().uses(), image.digest.hex(), O_RDONLY)->get()).value();
  }
  bool there(const StoredImage& image) {
    auto found = find_image(store(), image.digest);
    return found.ok() && *found;
  }
};

TEST_F(Collect, RemovesImagesAndTheLayersThatGoWithThem) {
  auto base = layer("base"), upper = layer("upper"), orphan = layer("orphan");
  auto one = published("one", {base}), two = published("two", {base, upper});
  auto done = collect(store(), {.bytes = {}, .unused_since = {}, .images = {two.digest}});
  ASSERT_EQ(text_of(done), "");
  EXPECT_THAT(done->layers, UnorderedElementsAre(upper, orphan));
  EXPECT_TRUE(there(one));
  EXPECT_FALSE(there(two));
  EXPECT_TRUE(present(base));
  EXPECT_FALSE(present(upper));
  EXPECT_FALSE(present(orphan));
  EXPECT_THAT(list_directory(store().tmp()).value(), IsEmpty());
}

TEST_F(Collect, KeepsWhatAContainerStandsOnUntilThatIsRemoved) {
  auto image = published("one", {sized("base")});
  make_container("c", image);
  EXPECT_THAT(users(image), SizeIs(1));
  ASSERT_EQ(text_of(collect(store(), {.bytes = 0})), "");
  EXPECT_TRUE(there(image));
  ASSERT_EQ(text_of(remove_container(store(), "c")), "");
  EXPECT_THAT(users(image), IsEmpty());
  ASSERT_EQ(text_of(collect(store(), {.bytes = 0})), "");
  EXPECT_FALSE(there(image));
  EXPECT_THAT(list_directory(store().uses()).value(), IsEmpty());
}

TEST_F(Collect, SeesThatAContainerIsGoneWhoseRemovalWasBrokenOff) {
  auto image = published("one", {sized("base")});
  make_container("c", image);
  ASSERT_EQ(text_of(remove_tree(AT_FDCWD, container_path(store(), "c"))), "");
  struct timespec long_ago[2] = {{1000, 0}, {1000, 0}};
  ASSERT_EQ(::utimensat(store().uses(), image.digest.hex().c_str(), long_ago, 0), 0);
  ASSERT_EQ(text_of(collect(store(), {})), "");
  EXPECT_THAT(users(image), IsEmpty());
  EXPECT_EQ(take_inventory(store())->images.at(0).last_use, 1000u);
}

// Somebody else's start may have said so, and its container not be there yet.
TEST_F(Collect, OnlyLookingForgetsNobody) {
  auto image = published("one", {sized("base")});
  ContainerRecord record;
  record.name = "coming";
  record.image = image.digest;
  ASSERT_EQ(text_of(note_image_use(store(), record)), "");
  ASSERT_EQ(text_of(take_inventory(store())), "");
  EXPECT_THAT(users(image), SizeIs(1));
}

TEST_F(Collect, BelievesAnotherHost) {
  auto image = published("one", {sized("base")});
  make_container("c", image);
  ASSERT_EQ(text_of(remove_tree(AT_FDCWD, container_path(store(), "c"))), "");
  auto uses = path("store/uses/" + image.digest.hex() + "/");
  ASSERT_EQ(::rename((uses + users(image).at(0)).c_str(), (uses + "elsewhere-1234").c_str()), 0);
  ASSERT_EQ(text_of(collect(store(), {.bytes = 0})), "");
  EXPECT_TRUE(there(image));
}

TEST_F(Collect, KeepsWhatIsPinned) {
  auto image = published("one", {sized("base")});
  ASSERT_EQ(text_of(pin_image(store(), image.digest, true)), "");
  ASSERT_EQ(text_of(collect(store(), {.bytes = 0})), "");
  EXPECT_TRUE(there(image));
  ASSERT_EQ(text_of(pin_image(store(), image.digest, false)), "");
  ASSERT_EQ(text_of(collect(store(), {.bytes = 0})), "");
  EXPECT_FALSE(there(image));
}

TEST_F(Collect, APinIsNoUse) {
  auto image = published("one", {sized("base")});
  auto uses = path("store/uses/" + image.digest.hex());
  ASSERT_EQ(text_of(make_directory_at(store().uses(), image.digest.hex())), "");
  timespec times[2] = {{1000, 0}, {1000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, uses.c_str(), times, 0), 0);
  for (bool pinned : {true, false}) {
    ASSERT_EQ(text_of(pin_image(store(), image.digest, pinned)), "");
    auto inventory = take_inventory(store());
    ASSERT_EQ(text_of(inventory), "");
    EXPECT_EQ(inventory->images[0].pinned, pinned);
    EXPECT_EQ(inventory->images[0].last_use, 1000u);
  }
}

TEST_F(Collect, APinIsNoUseOfWhatWasNeverUsed) {
  auto image = published("one", {sized("base")});
  auto made = take_inventory(store())->images[0].last_use;
  ASSERT_EQ(text_of(pin_image(store(), image.digest, true)), "");
  EXPECT_EQ(take_inventory(store())->images[0].last_use, made);
  struct stat info;
  ASSERT_EQ(::stat(path("store/uses/" + image.digest.hex()).c_str(), &info), 0);
  EXPECT_EQ(static_cast<uint64_t>(info.st_mtim.tv_sec), made);
  EXPECT_EQ(info.st_mtim.tv_nsec, 0);  // not the moment of the pin
}

TEST_F(Collect, WaitsForWhoeverHoldsImages) {
  auto hold = hold_images(store());
  ASSERT_EQ(text_of(hold), "");
  auto file = open_path(path("store/locks/collection"), O_RDWR);
  ASSERT_EQ(text_of(file), "");
  EXPECT_FALSE(*try_lock(file->get(), LockMode::exclusive));
  hold->reset();
  EXPECT_TRUE(*try_lock(file->get(), LockMode::exclusive));
}

}  // namespace
}  // namespace pyxis
