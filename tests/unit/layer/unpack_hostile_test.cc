// Archives that want out of their directory, or more than their share. The fixture's canary watches.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "layer/unpack.h"
#include "layer_fixture.h"

namespace pyxis {
namespace {

using testing::LayerTest;
using testing::TarBuilder;

class Hostile : public LayerTest {};

TEST_F(Hostile, DotDotIsRefusedWithTheEntrysName) {
  refused(TarBuilder().file("../canary/file", "changed"),
          "unpack layer: ../canary/file: has \"..\" in its path", "l1");
  refused(TarBuilder().file("a/../../canary/file"), "a/../../canary/file", "l2");
  refused(TarBuilder().dir(".."), "..", "l3");
  refused(TarBuilder().add({.name = "x", .pax = {{"path", "../canary/new"}}}), "../canary/new", "l4");
  refused(TarBuilder().symlink("ok", "x").symlink("../canary/link2", "x"), "../canary/link2", "l5");
  refused(TarBuilder().add({.name = "../canary/dev", .type = '3'}), "../canary/dev", "l6");
}

TEST_F(Hostile, AbsoluteNamesLandInside) {
  auto target = scratch() + "/canary/file";
  unpacked(TarBuilder().file(target, "changed").file("//etc/passwd", "mine"));
  EXPECT_EQ(read("layer" + target), "changed");
  EXPECT_EQ(read("layer/etc/passwd"), "mine");
}

TEST_F(Hostile, NothingIsWrittenThroughALink) {
  auto message = "is a symbolic link of the same layer";
  refused(TarBuilder().symlink("l", "../canary").file("l/file", "changed"), message, "l1");
  refused(TarBuilder().symlink("l", scratch() + "/canary").file("l/new"), message, "l2");
  refused(TarBuilder().symlink("l", ".").file("l/new"), message, "l3");
  refused(TarBuilder().dir("d").symlink("d/l", "../../canary").dir("d/l/deep"), message, "l4");
  refused(TarBuilder().symlink("l", "../canary").whiteout("l/.wh.file"), message, "l5");
  refused(TarBuilder().symlink("l", "../canary").whiteout("l/.wh..wh..opq"), message, "l6");
  refused(TarBuilder().symlink("l", "../canary").file("f").hard_link("l/file", "f"), message, "l7");
  refused(TarBuilder().symlink("a", "../canary").symlink("b", "a").file("b/file"), message, "l8");
  // A link as the last component gives way and is not followed.
  unpacked(TarBuilder().symlink("l", "../canary/file").file("l", "changed"), "l9");
  EXPECT_TRUE(S_ISREG(stat("l9/l").st_mode));
}

TEST_F(Hostile, ADirectoryInUseReplacedByALinkIsNotWrittenThrough) {
  refused(TarBuilder().dir("d").file("d/a").symlink("d", "../canary").file("d/file", "changed"), "d/file");
  EXPECT_TRUE(S_ISLNK(stat("layer/d").st_mode));
}

TEST_F(Hostile, NothingBelowAFile) {
  refused(TarBuilder().file("f").file("f/x"), "unpack layer: f/x: directory f: is a file of the same layer");
}

TEST_F(Hostile, HardLinksStayInside) {
  refused(TarBuilder().hard_link("stolen", "../canary/file"), "stolen: hard link target ../canary/file",
          "l1");
  refused(TarBuilder().dir("d").hard_link("x", "d"), "hard link to the directory d", "l2");
  refused(TarBuilder().hard_link("x", "/"), "hard link target /", "l3");
  refused(TarBuilder().hard_link("x", ".wh.y"), "hard link target .wh.y", "l4");
  // Through a link: the target is not in the layer, so a lower layer must have it (and none is asked here).
  auto facts = unpacked(TarBuilder().symlink("l", "../canary").hard_link("stolen", "l/file"), "l5");
  EXPECT_FALSE(exists("l5/stolen"));
  EXPECT_EQ(facts.external_links.size(), 1u);
  auto absolute = unpacked(TarBuilder().hard_link("stolen", scratch() + "/canary/file"), "l6");
  EXPECT_FALSE(exists("l6/stolen"));
  // A hard link to a link is the link itself.
  unpacked(TarBuilder().symlink("l", "../canary/file").hard_link("h", "l").file("h", "changed"), "l7");
  EXPECT_EQ(read("l7/h"), "changed");
}

TEST_F(Hostile, AHardLinkThatWouldReplaceItsTargetsDirectory) {
  auto facts = unpack(TarBuilder().file("d/x").hard_link("d", "d/x").finish());
  EXPECT_FALSE(facts.ok());
}

TEST_F(Hostile, NamesThatCannotBe) {
  std::string long_name(300, 'n');
  refused(TarBuilder().add({.name = "x", .pax = {{"path", long_name}}}), "longer than 255", "l1");
  refused(TarBuilder().file(".wh."), "whiteout of no name", "l2");
  refused(TarBuilder().file(".wh.."), "whiteout of no name", "l3");
  refused(TarBuilder().file("d/.wh..."), "whiteout of no name", "l4");
  refused(TarBuilder().file("."), "would replace the root", "l5");
  refused(TarBuilder().symlink("./", "../canary"), "would replace the root", "l6");
  refused(TarBuilder()
              .symlink("long", "")
              .add({.name = "x", .type = '2', .pax = {{"linkpath", std::string(5000, 't')}}}),
          "", "l7");
  // A zero byte ends the name, for libarchive as for the kernel.
  auto facts = unpack(
      TarBuilder().add({.name = "x", .pax = {{"path", std::string("a\0/../../canary/file", 20)}}}).finish(),
      "l8");
  EXPECT_TRUE(!facts.ok() || exists("l8/a"));
}

TEST_F(Hostile, ErrorsShowNoControlCharacters) {
  auto facts = unpack(TarBuilder().file("\x1b[2J/../x").finish());
  ASSERT_FALSE(facts.ok());
  EXPECT_THAT(facts.error().text(), ::testing::HasSubstr("\\x1b[2J"));
}

TEST_F(Hostile, ErrorsShowTheBeginningOfALongName) {
  std::string deep;
  for (int i = 0; i < 4000; ++i) deep += "d/";
  auto facts = unpack(TarBuilder().add({.name = "x", .type = '5', .pax = {{"path", deep}}}).finish());
  ASSERT_FALSE(facts.ok());
  EXPECT_THAT(facts.error().text(), ::testing::HasSubstr("d/d/d/...: lies deeper"));
  EXPECT_LT(facts.error().text().size(), 300u);
}

TEST_F(Hostile, DepthIsLimited) {
  std::string deep;
  for (int i = 0; i < 300; ++i) deep += "d/";
  refused(TarBuilder().add({.name = "x", .type = '5', .pax = {{"path", deep}}}), "deeper than 256", "l1");
  unpacked(TarBuilder().add({.name = "x", .type = '5', .pax = {{"path", deep.substr(0, 500)}}}), "l2");
}

TEST_F(Hostile, LimitsHold) {
  UnpackOptions few{.limits = {.entries = 2}};
  EXPECT_FALSE(unpack(TarBuilder().file("1").file("2").file("3").finish(), "l1", few).ok());
  UnpackOptions small{.limits = {.bytes = 10'000}};
  auto big = unpack(TarBuilder().file("1", std::string(100'000, 'x')).finish(), "l2", small);
  ASSERT_FALSE(big.ok());
  EXPECT_THAT(big.error().text(), ::testing::HasSubstr("more than 10.0 kB"));
  UnpackOptions links{.limits = {.external_link_bytes = 500}};
  TarBuilder many;
  for (int i = 0; i < 100; ++i) many.hard_link("l" + std::to_string(i), "missing");
  EXPECT_FALSE(unpack(many.finish(), "l3", links).ok());
}

TEST_F(Hostile, HeadersOfOneEntryAreLimited) {
  std::string map = "3000000\n";  // a sparse file's map, all of which libarchive would keep
  for (int i = 0; i < 3'000'000; ++i) map += "0\n0\n";
  refused(TarBuilder().add({.name = "f",
                            .content = map,
                            .pax = {{"GNU.sparse.major", "1"},
                                    {"GNU.sparse.minor", "0"},
                                    {"GNU.sparse.name", "f"},
                                    {"GNU.sparse.realsize", "1"}}}),
          "larger than 4 MiB", "l1");
  TarBuilder chain;
  for (int i = 0; i < 20'000; ++i) chain.add({.name = "x", .type = 'g', .content = "13 comment=x\n"});
  refused(chain.file("f"), "unpack layer: tar: ", "l2");
}

TEST_F(Hostile, ATruncatedArchiveIsAnError) {
  auto archive = TarBuilder().file("f", std::string(10'000, 'x')).finish();
  EXPECT_FALSE(unpack(archive.substr(0, 5'000), "l1").ok());
  EXPECT_FALSE(unpack(archive.substr(0, 700), "l2").ok());
  auto damaged = TarBuilder().file("a").file("b").finish();
  damaged[1024 + 3] = static_cast<char>(damaged[1024 + 3] ^ 1);
  EXPECT_FALSE(unpack(damaged, "l3").ok());
}

TEST_F(Hostile, MemoryDoesNotGrowWithTheLayer) {
  // In an order that opens every directory anew; on a tmpfs, because a disk would take a minute.
  TarBuilder archive;
  for (int i = 0; i < 30'000; ++i) archive.dir("d" + std::to_string(i));
  for (int i = 0; i < 30'000; ++i) archive.file("d" + std::to_string(i) + "/f", "");
  auto bytes = archive.finish();
  std::string path = "/dev/shm/pyxis-layer-XXXXXX";
  ASSERT_NE(::mkdtemp(path.data()), nullptr);
  auto directory = *open_path(path, O_RDONLY | O_DIRECTORY);
  struct rusage before {
  }, after{};
  ::getrusage(RUSAGE_SELF, &before);
  MemorySource source(testing::bytes_of(bytes));
  auto facts = unpack_layer(source, directory.get(), {.form = LayerForm::plain});
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_TRUE(remove_tree(AT_FDCWD, path).ok());
  ASSERT_TRUE(facts.ok()) << facts.error().text();
  EXPECT_EQ(facts->files, 30'000u);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 20 << 10);  // kilobytes
}

}  // namespace
}  // namespace pyxis
