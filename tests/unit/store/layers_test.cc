#include "store_fixture.h"

namespace pyxis {
namespace {

using testing::code_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::text_of;

class Layers : public testing::StoreTest {};

TEST_F(Layers, AreAbsentUntilPublished) {
  EXPECT_FALSE(present(Digest::of("blob")));
  EXPECT_EQ(code_of(read_layer_meta(store(), Digest::of("blob"))), ENOENT);
  auto digest = layer("blob");
  EXPECT_TRUE(present(digest));
  EXPECT_TRUE(exists(layer_file(digest, "fs")));
  EXPECT_THAT(names("store/tmp"), IsEmpty());
}

TEST_F(Layers, KeepTheirMetaWhateverTheBytes) {
  LayerMeta meta{.blob_bytes = 1ull << 40, .files = 2, .bytes = 3};
  meta.links = {{"a\n\xff", "b\""}};
  meta.implied_directories = {"\xc3\xa4", "x/y"};
  meta.hides_below = true;
  auto digest = layer("blob", meta);
  auto read = read_layer_meta(store(), digest);
  ASSERT_EQ(text_of(read), "");
  EXPECT_EQ(read->blob_bytes, 1ull << 40);
  EXPECT_EQ(read->files, 2u);
  EXPECT_EQ(read->bytes, 3u);
  ASSERT_EQ(read->links.size(), 1u);
  EXPECT_EQ(read->links[0].path, "a\n\xff");
  EXPECT_EQ(read->links[0].target, "b\"");
  EXPECT_THAT(read->implied_directories, ElementsAre("x/y", "\xc3\xa4"));
  EXPECT_TRUE(read->hides_below);
}

TEST_F(Layers, AreNotPublishedWithMoreMetaThanCanBeRead) {
  auto digest = Digest::of("blob");
  const std::string quarter(max_read_bytes / 4, 'x');  // each byte takes two
  LayerMeta meta;
  meta.links = {{"a", quarter}};
  meta.implied_directories = {quarter};
  auto error = text_of(publish_layer(store(), digest, stage(), meta));
  EXPECT_THAT(error, HasSubstr("layer " + digest.text()));
  EXPECT_THAT(
      error,
      HasSubstr("too many hard links to files of earlier layers (1) and directories without an entry (1)"));
  EXPECT_FALSE(present(digest));
  EXPECT_THAT(names("store/tmp"), IsEmpty());
}

TEST_F(Layers, OfACrashedBootCountAsAbsent) {
  auto digest = layer("blob");
  reboot(digest);
  EXPECT_FALSE(present(digest));
}

TEST_F(Layers, WrittenToDiskSurviveABoot) {
  auto digest = layer("blob");
  ASSERT_EQ(text_of(make_layers_durable(store(), {digest})), "");
  reboot(digest);
  EXPECT_TRUE(present(digest));
  EXPECT_EQ(text_of(make_layers_durable(store(), {digest})), "");
}

TEST_F(Layers, OfACrashedBootAreNotMadeDurable) {
  auto old = layer("old"), current = layer("current");
  reboot(old);
  ASSERT_EQ(text_of(make_layers_durable(store(), {old, current})), "");
  EXPECT_FALSE(present(old));
  reboot(current);
  EXPECT_TRUE(present(current));
}

TEST_F(Layers, ThatLostTheirMetaCountAsAbsent) {
  auto digest = layer("blob");
  for (std::string left : {std::string(), std::string(300, '\0'), std::string("{\"boot_id\":")}) {
    write(layer_file(digest, "meta.json"), left);
    EXPECT_FALSE(present(digest));
  }
}

TEST_F(Layers, WhoseMetaHoldsOtherTypesCountAsAbsent) {
  auto digest = layer("blob");
  write(layer_file(digest, "meta.json"), "{\"boot_id\": 7, \"links\": [\"a\"]}");
  EXPECT_FALSE(present(digest));
  EXPECT_THAT(text_of(read_layer_meta(store(), digest)), ::testing::HasSubstr("meta.json is damaged"));
}

TEST_F(Layers, ADoubtfulOneIsReplaced) {
  auto digest = layer("blob");
  write(layer_file(digest, "fs/half"), "");
  reboot(digest);
  layer("blob");
  EXPECT_TRUE(present(digest));
  EXPECT_FALSE(exists(layer_file(digest, "fs/half")));
}

TEST_F(Layers, AreImportedByOneAtATime) {
  auto digest = Digest::of("blob");
  auto held = lock_layer(store(), digest);
  ASSERT_EQ(text_of(held), "");
  auto other = store().try_lock_exclusive("layer-" + digest.hex());
  EXPECT_TRUE(other.ok() && !*other);
}

}  // namespace
}  // namespace pyxis
