// What a layer takes away, in both forms. OCI image-spec layer.md, "Whiteouts".
#include "layer_fixture.h"

namespace pyxis {
namespace {

using testing::LayerTest;
using testing::TarBuilder;

class Whiteout : public LayerTest {
 protected:
  const UnpackOptions plain_{.form = LayerForm::plain};
};

TEST_F(Whiteout, BecomesADevice) {
  auto facts =
      unpacked(TarBuilder().dir("d").whiteout("d/.wh.gone").whiteout(".wh.top").whiteout("new/.wh.x"));
  EXPECT_EQ(facts.whiteouts, 3u);
  EXPECT_EQ(facts.files, 0u);
  EXPECT_TRUE(whiteout("layer/d/gone"));
  EXPECT_TRUE(whiteout("layer/top"));
  EXPECT_TRUE(whiteout("layer/new/x"));
  EXPECT_FALSE(exists("layer/d/.wh.gone"));
  EXPECT_EQ(stat("layer/d").st_mtim.tv_sec, 1'000'000'000);
}

TEST_F(Whiteout, OpaqueDirectories) {
  auto facts = unpacked(
      TarBuilder().dir("d").whiteout("d/.wh..wh..opq").file("d/f").file("e/f").whiteout("e/.wh..wh..opq"));
  EXPECT_EQ(facts.opaque_directories, 2u);
  EXPECT_TRUE(opaque("layer/d"));
  EXPECT_TRUE(opaque("layer/e"));
  EXPECT_EQ(read("layer/d/f"), "content");
  EXPECT_EQ(read("layer/e/f"), "content");
  EXPECT_FALSE(facts.hides_lower_layers);
}

TEST_F(Whiteout, AnOpaqueRootHidesAllLayersBelow) {
  auto facts = unpacked(TarBuilder().file("f").whiteout(".wh..wh..opq"));
  EXPECT_TRUE(facts.hides_lower_layers);
  EXPECT_TRUE(opaque("layer"));
}

TEST_F(Whiteout, ADirectoryRemovedAndMadeAgainIsOpaqueInAnyOrder) {
  unpacked(TarBuilder().whiteout(".wh.d").dir("d").file("d/f"), "first");
  unpacked(TarBuilder().dir("d").whiteout(".wh.d").file("d/f"), "between");
  unpacked(TarBuilder().dir("d").file("d/f").whiteout(".wh.d"), "last");
  unpacked(TarBuilder().whiteout(".wh.d").file("d/f"), "implied");
  for (std::string name : {"first", "between", "last", "implied"}) {
    EXPECT_TRUE(opaque(name + "/d")) << name;
    EXPECT_EQ(read(name + "/d/f"), "content") << name;
  }
}

TEST_F(Whiteout, AFileTheLayerAddsWins) {
  unpacked(TarBuilder().whiteout(".wh.f").file("f"), "before");
  unpacked(TarBuilder().file("f").whiteout(".wh.f"), "after");
  unpacked(TarBuilder().whiteout(".wh.f").symlink("f", "x"), "link");
  EXPECT_EQ(read("before/f"), "content");
  EXPECT_EQ(read("after/f"), "content");
  EXPECT_TRUE(S_ISLNK(stat("link/f").st_mode));
}

TEST_F(Whiteout, OfAnythingButARegularFileIsAWhiteoutToo) {
  unpacked(TarBuilder()
               .dir(".wh.d/")
               .symlink(".wh.l", "x")
               .hard_link(".wh.h", ".wh..wh.aufs")
               .add({.name = ".wh.c", .type = '3'}));
  for (std::string name : {"d", "l", "h", "c"}) EXPECT_TRUE(whiteout("layer/" + name)) << name;
}

TEST_F(Whiteout, AufsOwnFilesAreIgnored) {
  auto facts = unpacked(
      TarBuilder().dir(".wh..wh.plnk").file(".wh..wh.plnk/1.2").file(".wh..wh.aufs").dir("d/.wh..wh.orph"));
  EXPECT_TRUE(testing::snapshot(open("layer").get()).empty());
  EXPECT_EQ(facts.files, 0u);
}

TEST_F(Whiteout, TwiceIsOnce) {
  unpacked(
      TarBuilder().whiteout(".wh.f").whiteout(".wh.f").whiteout("d/.wh..wh..opq").whiteout("d/.wh..wh..opq"));
  EXPECT_TRUE(whiteout("layer/f"));
  EXPECT_TRUE(opaque("layer/d"));
}

TEST_F(Whiteout, AHardLinkToAWhiteoutLooksInEarlierLayers) {
  auto facts = unpacked(TarBuilder().whiteout(".wh.old").hard_link("new", "old"));
  EXPECT_FALSE(exists("layer/new"));
  EXPECT_EQ(facts.external_links, (std::vector<ExternalLink>{{"new", "old"}}));
}

TEST_F(Whiteout, PlainFormKeepsTheFiles) {
  auto facts = unpacked(TarBuilder()
                            .dir("d")
                            .whiteout("d/.wh.gone")
                            .whiteout("o/.wh..wh..opq")
                            .whiteout(".wh.again")
                            .dir("again")
                            .file("f")
                            .whiteout(".wh.f")
                            .file("was-file")
                            .dir("was-file"),
                        "layer", plain_);
  for (auto path : {"layer/d/.wh.gone", "layer/o/.wh..wh..opq", "layer/.wh.again", "layer/.wh.f"}) {
    EXPECT_TRUE(S_ISREG(stat(path).st_mode)) << path;
    EXPECT_EQ(stat(path).st_size, 0) << path;
  }
  EXPECT_TRUE(S_ISDIR(stat("layer/again").st_mode));
  EXPECT_EQ(read("layer/f"), "content");
  EXPECT_TRUE(exists("layer/was-file/.wh..wh..opq"));
  EXPECT_FALSE(opaque("layer/o"));
  EXPECT_EQ(stat("layer/d").st_mtim.tv_sec, 1'000'000'000);
}

}  // namespace
}  // namespace pyxis
