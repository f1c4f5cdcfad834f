#include "store_fixture.h"

namespace pyxis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::text_of;

class Images : public testing::StoreTest {
 protected:
  StoredImage image(std::vector<Digest> layers, std::vector<size_t> fixups = {}) {
    StoredImage image;
    image.manifest = "{\"manifest\": true}";
    image.config = "{\"config\": true}";
    image.digest = Digest::of(image.manifest);
    image.reference = "docker://registry/repo:tag";
    image.layers = std::move(layers);
    image.fixups = std::move(fixups);
    return image;
  }
  StoredImage published(const StoredImage& image) {
    EXPECT_EQ(text_of(publish_image(store(), stage(), image)), "");
    return image;
  }
  static void write_below(const StagingDirectory& staging, const std::string& name, const std::string& text) {
    auto path = "/proc/self/fd/" + std::to_string(staging.fd()) + "/" + name;
    ASSERT_EQ(text_of(make_directories(path.substr(0, path.rfind('/')))), "");
    ASSERT_EQ(text_of(write_file(AT_FDCWD, path, text)), "");
  }
  bool found(const StoredImage& image) {
    auto answer = find_image(store(), image.digest);
    EXPECT_EQ(text_of(answer), "");
    return answer.ok() && *answer;
  }
  std::vector<std::string> paths(const StoredImage& image) {
    auto list = image_layer_paths(store(), image);
    EXPECT_EQ(text_of(list), "");
    return list.ok() ? *list : std::vector<std::string>{};
  }
  std::string fs(const Digest& layer) { return path(layer_file(layer, "fs")); }
};

TEST_F(Images, AreFoundAsPublished) {
  auto wanted = image({layer("a"), layer("b")}, {1});
  EXPECT_FALSE(found(wanted));
  published(wanted);
  auto read = find_image(store(), wanted.digest);
  ASSERT_TRUE(read.ok() && *read) << text_of(read);
  EXPECT_EQ((*read)->digest, wanted.digest);
  EXPECT_EQ((*read)->reference, wanted.reference);
  EXPECT_EQ((*read)->manifest, wanted.manifest);
  EXPECT_EQ((*read)->config, wanted.config);
  EXPECT_EQ((*read)->layers, wanted.layers);
  EXPECT_EQ((*read)->fixups, wanted.fixups);
  EXPECT_GT((*read)->created, 1'600'000'000u);
  auto list = list_images(store());
  ASSERT_EQ(text_of(list), "");
  EXPECT_EQ(list->size(), 1u);
}

TEST_F(Images, PublishedTwiceAreThereOnce) {
  auto wanted = image({layer("a")});
  published(wanted);
  auto before = stat(image_file(wanted.digest, "meta.json")).st_ino;
  published(wanted);
  EXPECT_EQ(stat(image_file(wanted.digest, "meta.json")).st_ino, before);
  EXPECT_THAT(names("store/tmp"), IsEmpty());
}

TEST_F(Images, WithoutAllLayersCountAsAbsent) {
  auto top = layer("b");
  auto wanted = published(image({layer("a"), top}));
  reboot(top);
  EXPECT_FALSE(found(wanted));
  layer("b");
  EXPECT_TRUE(found(wanted));
}

TEST_F(Images, EmptiedByACrashCountAsAbsentAndAreReplaced) {
  auto wanted = image({layer("a")});
  for (std::string name : {"manifest", "meta.json"}) {
    published(wanted);
    write(image_file(wanted.digest, name), "");
    EXPECT_FALSE(found(wanted)) << name;
    EXPECT_EQ(list_images(store())->size(), 0u);
  }
  published(wanted);
  ASSERT_EQ(::unlink(path(image_file(wanted.digest, "manifest")).c_str()), 0);
  EXPECT_FALSE(found(wanted));
  published(wanted);
  EXPECT_TRUE(found(wanted));
}

TEST_F(Images, OfACrashedBootCountAsAbsentAndAreReplaced) {
  auto wanted = image({layer("a")}, {0});
  auto publish = [&] {
    auto staging = stage();
    write_below(staging, "fixups/0/file", "linked");
    ASSERT_EQ(text_of(publish_image(store(), std::move(staging), wanted)), "");
  };
  publish();
  write(image_file(wanted.digest, "fixups/0/file"), "");
  reboot(image_file(wanted.digest, "meta.json"));
  EXPECT_FALSE(found(wanted));
  publish();
  EXPECT_TRUE(found(wanted));
  EXPECT_EQ(read(image_file(wanted.digest, "fixups/0/file")), "linked");
}

TEST_F(Images, WrittenToDiskSurviveABootWithTheirLayers) {
  auto bottom = layer("a");
  auto wanted = published(image({bottom}));
  ASSERT_EQ(text_of(make_image_durable(store(), wanted.digest)), "");
  reboot(bottom);
  reboot(image_file(wanted.digest, "meta.json"));
  EXPECT_TRUE(found(wanted));
  EXPECT_EQ(text_of(make_image_durable(store(), Digest::of("another"))), "");
}

// Its layers are another image's, too, and that one's.
TEST_F(Images, OfDurableLayersBecomeDurableThemselves) {
  auto bottom = layer("a");
  ASSERT_EQ(text_of(make_layers_durable(store(), {bottom})), "");
  auto wanted = published(image({bottom}));
  ASSERT_EQ(text_of(make_image_durable(store(), wanted.digest)), "");
  reboot(image_file(wanted.digest, "meta.json"));
  EXPECT_TRUE(found(wanted));
}

TEST_F(Images, OfAnEarlierReleaseNameNoBoot) {
  auto wanted = published(image({layer("a")}));
  auto meta = read(image_file(wanted.digest, "meta.json"));
  auto at = meta.find("boot_id");
  ASSERT_NE(at, meta.npos);
  write(image_file(wanted.digest, "meta.json"), meta.replace(at, 7, "no_more"));
  EXPECT_TRUE(found(wanted));
}

TEST_F(Images, WhoseConfigACrashEmptiedCountAsAbsent) {
  auto wanted = published(image({layer("a")}));
  write(image_file(wanted.digest, "config"), "");
  EXPECT_FALSE(found(wanted));
  published(wanted);
  EXPECT_TRUE(found(wanted));
}

TEST_F(Images, WhoseMetaHoldsOtherTypesCountAsAbsent) {
  for (const char* meta : {"{\"layers\": 7}", "{\"layers\": [7]}", "{\"reference\": []}", "[]"}) {
    auto wanted = published(image({layer("a")}));
    write(image_file(wanted.digest, "meta.json"), meta);
    EXPECT_FALSE(found(wanted)) << meta;
  }
}

TEST_F(Images, FixupsLieDirectlyAboveTheirLayer) {
  auto a = layer("a"), b = layer("b"), c = layer("c");
  auto wanted = published(image({a, b, c}, {2, 1}));
  auto fixup = [&](const char* index) {
    return path(image_file(wanted.digest, std::string("fixups/") + index));
  };
  EXPECT_THAT(paths(wanted), ElementsAre(fs(a), fs(b), fixup("1"), fs(c), fixup("2")));
}

TEST_F(Images, NothingBelowAnOpaqueRootIsStacked) {
  LayerMeta opaque;
  opaque.hides_below = true;
  auto a = layer("a"), b = layer("b", opaque), c = layer("c", opaque), d = layer("d");
  EXPECT_THAT(paths(image({a, b, c, d})), ElementsAre(fs(c), fs(d)));
  EXPECT_THAT(paths(image({c, a})), ElementsAre(fs(c), fs(a)));
  EXPECT_THAT(paths(image({})), IsEmpty());
}

TEST_F(Images, NamesPointToWhatTheyWereLastResolvedTo) {
  const std::string reference = "docker://registry/repo:tag linux/amd64";
  auto absent = find_name(store(), reference);
  EXPECT_TRUE(absent.ok() && !*absent);
  for (std::string content : {"old", "new"}) {
    ASSERT_EQ(text_of(record_name(store(), {reference, Digest::of(content + " index"), Digest::of(content)})),
              "");
    auto name = find_name(store(), reference);
    ASSERT_TRUE(name.ok() && *name) << text_of(name);
    EXPECT_EQ((*name)->pointed_to, Digest::of(content + " index"));
    EXPECT_EQ((*name)->manifest, Digest::of(content));
  }
  auto other = find_name(store(), "docker://registry/repo:tag linux/arm64");
  EXPECT_TRUE(other.ok() && !*other);
  auto files = names("store/refs");
  ASSERT_EQ(files.size(), 1u);
  for (std::string left : {"", "{}", "[1]", "{\"reference\": \"docker://registry/repo:tag linux/amd64\"}"}) {
    write("store/refs/" + files[0], left);
    auto lost = find_name(store(), reference);
    EXPECT_TRUE(lost.ok() && !*lost) << left;
  }
}

}  // namespace
}  // namespace pyxis
