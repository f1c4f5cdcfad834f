// What an archive says arrives in the directory as it is.
#include "layer/unpack.h"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "layer_fixture.h"

namespace pyxis {
namespace {

using testing::LayerTest;
using testing::TarBuilder;
using testing::TarMember;

class Unpack : public LayerTest {};

TEST_F(Unpack, KindsModesTimesAndOwners) {
  auto facts = unpacked(TarBuilder()
                            .dir("./", 0755)
                            .dir("usr/", 0750)
                            .file("usr/tool", "#!tool", 0751)
                            .symlink("usr/link", "../outside/the/layer")
                            .add({.name = "usr/fifo", .type = '6', .mode = 0620})
                            .hard_link("usr/again", "usr/tool")
                            .dir("usr/empty/", 0700));
  EXPECT_EQ(facts.files, 1u);
  EXPECT_EQ(facts.directories, 2u);
  EXPECT_EQ(facts.symlinks, 1u);
  EXPECT_EQ(facts.hard_links, 1u);
  EXPECT_EQ(facts.fifos, 1u);
  EXPECT_EQ(facts.bytes, 6u);
  EXPECT_TRUE(facts.external_links.empty());
  EXPECT_TRUE(facts.implied_directories.empty());
  EXPECT_EQ(read("layer/usr/tool"), "#!tool");
  EXPECT_EQ(stat("layer/usr/tool").st_mode, S_IFREG | 0751u);
  EXPECT_EQ(stat("layer/usr").st_mode, S_IFDIR | 0750u);
  EXPECT_EQ(stat("layer/usr/fifo").st_mode, S_IFIFO | 0620u);
  EXPECT_TRUE(S_ISLNK(stat("layer/usr/link").st_mode));
  EXPECT_EQ(stat("layer/usr/again").st_ino, stat("layer/usr/tool").st_ino);
  EXPECT_TRUE(S_ISDIR(stat("layer/usr/empty").st_mode));
  for (auto path :
       {"layer", "layer/usr", "layer/usr/tool", "layer/usr/link", "layer/usr/fifo", "layer/usr/empty"}) {
    EXPECT_EQ(stat(path).st_mtim.tv_sec, 1'000'000'000) << path;
    EXPECT_EQ(stat(path).st_uid, ::geteuid()) << path;  // the archive says 4242
    EXPECT_EQ(stat(path).st_gid, ::getegid()) << path;
  }
}

TEST_F(Unpack, TheModeDoesNotDependOnTheUmask) {
  for (mode_t mask : {0, 022, 077}) {
    auto before = ::umask(mask);
    unpacked(
        TarBuilder().dir("d", 01777).file("d/f", "x", 0666).add({.name = "d/p", .type = '6', .mode = 0666}),
        "layer" + std::to_string(mask));
    ::umask(before);
    auto layer = "layer" + std::to_string(mask);
    EXPECT_EQ(stat(layer + "/d").st_mode, S_IFDIR | 01777u);
    EXPECT_EQ(stat(layer + "/d/f").st_mode, S_IFREG | 0666u);
    EXPECT_EQ(stat(layer + "/d/p").st_mode, S_IFIFO | 0666u);
  }
}

TEST_F(Unpack, OwnersCanAlwaysReadAndRemove) {
  unpacked(TarBuilder().dir("d", 0000).dir("d/e", 0555).file("d/e/f", "x", 0000).file("d/g", "y", 0222));
  EXPECT_EQ(stat("layer/d").st_mode & 07777, 0700u);
  EXPECT_EQ(stat("layer/d/e").st_mode & 07777, 0755u);
  EXPECT_EQ(stat("layer/d/e/f").st_mode & 07777, 0400u);
  EXPECT_EQ(stat("layer/d/g").st_mode & 07777, 0622u);
  EXPECT_EQ(read("layer/d/e/f"), "x");
}

TEST_F(Unpack, SetuidAndSetgidAreDroppedStickyStaysOnDirectories) {
  unpacked(TarBuilder()
               .file("su", "x", 04755)
               .file("sg", "x", 06755)
               .file("t", "x", 01644)
               .dir("d", 03777)
               .dir("tmp", 01777));
  EXPECT_EQ(stat("layer/su").st_mode & 07777, 0755u);
  EXPECT_EQ(stat("layer/sg").st_mode & 07777, 0755u);
  EXPECT_EQ(stat("layer/t").st_mode & 07777, 0644u);
  EXPECT_EQ(stat("layer/d").st_mode & 07777, 01777u);
  EXPECT_EQ(stat("layer/tmp").st_mode & 07777, 01777u);
}

TEST_F(Unpack, DevicesAreSkippedAndCounted) {
  auto facts = unpacked(TarBuilder()
                            .add({.name = "dev/null", .type = '3', .mode = 0666})
                            .add({.name = "dev/sda", .type = '4'})
                            .file("dev/file"));
  EXPECT_EQ(facts.skipped, 2u);
  EXPECT_FALSE(exists("layer/dev/null"));  // 0:0 would be a whiteout
  EXPECT_FALSE(exists("layer/dev/sda"));
  EXPECT_TRUE(exists("layer/dev/file"));
}

TEST_F(Unpack, MissingParentsAreMadeAndReported) {
  auto facts = unpacked(TarBuilder().file("a/b/c").file("later/x").dir("later", 0700));
  EXPECT_EQ(stat("layer").st_mode & 07777, 0755u);
  EXPECT_EQ(stat("layer/a").st_mode & 07777, 0755u);
  EXPECT_EQ(stat("layer/a/b").st_mode & 07777, 0755u);
  EXPECT_EQ(stat("layer/a/b").st_mtim.tv_sec, 1'000'000'000);
  EXPECT_EQ(stat("layer/later").st_mode & 07777, 0700u);
  EXPECT_EQ(facts.implied_directories, (std::set<std::string>{"a", "a/b"}));
}

TEST_F(Unpack, DirectoryTimesSurviveWhatIsAddedLater) {
  unpacked(TarBuilder()
               .dir("a")
               .dir("b")
               .file("a/1")
               .file("b/1")
               .file("a/2")
               .hard_link("b/2", "a/2")
               .symlink("a/3", "x")
               .dir("a/sub")
               .file("b/3"));
  for (auto path : {"layer/a", "layer/b", "layer/a/sub"})
    EXPECT_EQ(stat(path).st_mtim.tv_sec, 1'000'000'000) << path;
}

TEST_F(Unpack, TimesBefore1970WithNanosecondsAndBeyondReason) {
  unpacked(TarBuilder()
               .add({.name = "old", .mtime = -86'400})
               .add({.name = "fine", .pax = {{"mtime", "1234567890.123456789"}}})
               .add({.name = "far", .pax = {{"mtime", "99999999999999999999999"}}})
               .add({.name = "huge", .mtime = 1LL << 60})
               .add({.name = "dir", .type = '5', .mtime = -1})
               .add({.name = "link", .type = '2', .link = "x", .mtime = -2}));
  EXPECT_EQ(stat("layer/old").st_mtim.tv_sec, -86'400);
  EXPECT_EQ(stat("layer/fine").st_mtim.tv_sec, 1'234'567'890);
  EXPECT_EQ(stat("layer/fine").st_mtim.tv_nsec, 123'456'789);
  EXPECT_EQ(stat("layer/dir").st_mtim.tv_sec, -1);
  EXPECT_EQ(stat("layer/link").st_mtim.tv_sec, -2);
  EXPECT_TRUE(exists("layer/far"));
  EXPECT_TRUE(exists("layer/huge"));
}

TEST_F(Unpack, NamesAreBytes) {
  // Latin-1, composed and decomposed UTF-8, a line end; in ustar and in pax, whose names libarchive would
  // translate.
  const std::string names[] = {"caf\xe9",   "caf\xc3\xa9", "cafe\xcc\x81",
                               "line\nend", "\xff\xfe",    "\xe5\x90\x8d"};
  TarBuilder archive;
  for (const auto& name : names) {
    archive.file("ustar/" + name, name);
    archive.add({.name = "x", .content = name, .pax = {{"path", "pax/" + name}}});
    archive.add(
        {.name = "x", .type = '2', .link = "x", .pax = {{"path", "links/" + name}, {"linkpath", name}}});
    archive.add({.name = "x",
                 .type = '1',
                 .link = "x",
                 .pax = {{"path", "hard/" + name}, {"linkpath", "pax/" + name}}});
  }
  unpacked(archive);
  auto tree = testing::snapshot(open("layer").get());
  for (const auto& name : names) {
    EXPECT_EQ(read("layer/ustar/" + name), name);
    EXPECT_EQ(read("layer/pax/" + name), name);
    EXPECT_EQ(read("layer/hard/" + name), name);
    EXPECT_THAT(tree["links/" + name], ::testing::EndsWith("-> " + name));
  }
  EXPECT_EQ(tree.size(), 4 + 4 * std::size(names));
}

TEST_F(Unpack, NamesAreBytesInAnyLocale) {
  auto before = std::string(::setlocale(LC_ALL, nullptr));
  ASSERT_NE(::setlocale(LC_ALL, "C.UTF-8"), nullptr);
  unpacked(TarBuilder()
               .add({.name = "x", .pax = {{"path", "cafe\xcc\x81"}}})
               .add({.name = "x", .pax = {{"path", "caf\xe9"}}})
               .add({.name = "x", .pax = {{"path", "\xed\xa0\x80"}}}));  // a surrogate, as CESU-8 has
  ::setlocale(LC_ALL, before.c_str());
  EXPECT_TRUE(exists("layer/cafe\xcc\x81"));
  EXPECT_TRUE(exists("layer/caf\xe9"));
  EXPECT_TRUE(exists("layer/\xed\xa0\x80"));
}

TEST_F(Unpack, LongNamesOfPaxAndGnu) {
  std::string directory;
  for (int i = 0; i < 10; ++i) directory += std::string(90, static_cast<char>('a' + i)) + "/";
  std::string target(1000, 't');
  unpacked(
      TarBuilder()
          .add({.name = directory + "gnu", .content = "gnu", .gnu_long = true})
          .add({.name = "short", .content = "pax", .pax = {{"path", directory + "pax"}}})
          .add({.name = directory + "link", .type = '2', .link = target, .gnu_long = true})
          .add({.name = "short", .type = '1', .pax = {{"path", "hard"}, {"linkpath", directory + "gnu"}}}));
  EXPECT_EQ(read("layer/" + directory + "gnu"), "gnu");
  EXPECT_EQ(read("layer/" + directory + "pax"), "pax");
  EXPECT_EQ(stat("layer/" + directory + "link").st_size, 1000);
  EXPECT_EQ(stat("layer/hard").st_nlink, 2u);
}

// GNU tar manual, "PAX 1.0": the map is the first block of the content.
std::string sparse_content(const std::string& data, uint64_t offset) {
  auto map = "1\n" + std::to_string(offset) + "\n" + std::to_string(data.size()) + "\n";
  map.resize(512, '\0');
  return map + data;
}

TEST_F(Unpack, HolesStayHoles) {
  constexpr uint64_t size = 64 << 20;
  unpacked(TarBuilder()
               .add({.name = "GNUSparseFile.0/f",
                     .content = sparse_content("data!", 1 << 20),
                     .pax = {{"GNU.sparse.major", "1"},
                             {"GNU.sparse.minor", "0"},
                             {"GNU.sparse.name", "sparse"},
                             {"GNU.sparse.realsize", std::to_string(size)}}})
               .file("after"));
  auto info = stat("layer/sparse");
  EXPECT_EQ(static_cast<uint64_t>(info.st_size), size);
  EXPECT_LT(info.st_blocks, 1024);
  std::string data(5, '\0');
  EXPECT_EQ(::pread(open("layer/sparse").get(), data.data(), 5, 1 << 20), 5);
  EXPECT_EQ(data, "data!");
  EXPECT_EQ(read("layer/after"), "content");
}

TEST_F(Unpack, LargeFilesArriveWhole) {
  std::string content(5'000'001, '\0');
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 7 + i / 256);
  auto facts = unpacked(TarBuilder().file("big", content).file("empty", ""));
  EXPECT_TRUE(read("layer/big") == content);
  EXPECT_EQ(read("layer/empty"), "");
  EXPECT_EQ(facts.bytes, content.size());
}

TEST_F(Unpack, OfEqualNamesTheLastWins) {
  unpacked(TarBuilder()
               .file("f", "first")
               .file("f", "second", 0600)
               .dir("was-dir")
               .file("was-dir/inside")
               .file("was-dir", "now a file")
               .symlink("was-link", "../canary")
               .file("was-link", "now a file")
               .dir("d2")
               .file("d2/kept")
               .dir("d2", 0700)
               .file("was-file")
               .dir("was-file")
               .file("was-file/inside")
               .dir("dir-to-link")
               .file("dir-to-link/x")
               .symlink("dir-to-link", "elsewhere")
               .symlink("link-to-dir", "../canary")
               .dir("link-to-dir")
               .file("link-to-dir/file", "not the canary"));
  EXPECT_EQ(read("layer/f"), "second");
  EXPECT_EQ(stat("layer/f").st_mode & 07777, 0600u);
  EXPECT_EQ(read("layer/was-dir"), "now a file");
  EXPECT_EQ(read("layer/was-link"), "now a file");
  EXPECT_EQ(read("layer/d2/kept"), "content");
  EXPECT_EQ(stat("layer/d2").st_mode & 07777, 0700u);
  EXPECT_EQ(read("layer/was-file/inside"), "content");
  EXPECT_TRUE(S_ISLNK(stat("layer/dir-to-link").st_mode));
  EXPECT_EQ(read("layer/link-to-dir/file"), "not the canary");
  EXPECT_TRUE(opaque("layer/was-file"));  // a file in between hid what earlier layers had
  EXPECT_FALSE(opaque("layer/d2"));
}

TEST_F(Unpack, HardLinks) {
  auto facts = unpacked(TarBuilder()
                            .hard_link("early", "./late")
                            .file("late", "target")
                            .symlink("sym", "late")
                            .hard_link("to-symlink", "sym")
                            .file("replaced", "old")
                            .hard_link("/replaced", "/late")
                            .hard_link("late", "late")
                            .hard_link("missing", "lib/of/earlier/layer")
                            .hard_link("dir/gone", "lib/other")
                            .file("dir/gone", "a later entry of that name"));
  EXPECT_EQ(stat("layer/late").st_nlink, 3u);
  EXPECT_EQ(stat("layer/early").st_ino, stat("layer/late").st_ino);
  EXPECT_EQ(read("layer/replaced"), "target");
  EXPECT_TRUE(S_ISLNK(stat("layer/to-symlink").st_mode));
  EXPECT_EQ(facts.external_links, (std::vector<ExternalLink>{{"missing", "lib/of/earlier/layer"}}));
  EXPECT_EQ(read("layer/dir/gone"), "a later entry of that name");
}

TEST_F(Unpack, UserAttributesOnlyAndNoneOfOverlays) {
  unpacked(TarBuilder()
               .add({.name = "f",
                     .mode = 0444,
                     .pax = {{"SCHILY.xattr.user.note", "hello"},
                             {"SCHILY.xattr.user.overlay.metacopy", ""},
                             {"SCHILY.xattr.trusted.overlay.opaque", "y"},
                             {"SCHILY.xattr.security.capability", "\1\0\0\2"}}})
               .add({.name = "d",
                     .type = '5',
                     .mode = 0755,
                     .pax = {{"SCHILY.xattr.user.overlay.opaque", "y"},
                             {"SCHILY.xattr.user.overlay.redirect", "/etc"},
                             {"SCHILY.xattr.user.note", "dir"}}}));
  EXPECT_EQ(xattr("layer/f", "user.note"), "hello");
  EXPECT_EQ(stat("layer/f").st_mode & 07777, 0444u);
  EXPECT_EQ(stat("layer/f").st_mtim.tv_sec, 1'000'000'000);
  EXPECT_EQ(xattr("layer/d", "user.note"), "dir");
  std::array<char, 1024> names;
  for (auto path : {"layer/f", "layer/d"}) {
    ssize_t size = ::flistxattr(open(path).get(), names.data(), names.size());
    std::string_view all(names.data(), static_cast<size_t>(std::max<ssize_t>(size, 0)));
    EXPECT_EQ(all.find("overlay"), all.npos) << path;
    EXPECT_EQ(all.find("capability"), all.npos) << path;
  }
}

TEST_F(Unpack, TheStreamIsReadToItsEnd) {
  auto archive = TarBuilder().file("f").finish() + std::string(2'000'000, '\0') + "something after the end";
  MemorySource source(testing::bytes_of(archive));
  auto directory = make("layer");
  auto facts = unpack_layer(source, directory.get());
  ASSERT_TRUE(facts.ok()) << facts.error().text();
  EXPECT_EQ(facts->stream_bytes, archive.size());
  std::array<std::byte, 1> rest;
  EXPECT_EQ(*source.read(rest), 0u);
}

TEST_F(Unpack, EmptyLayers) {
  EXPECT_TRUE(unpack("", "none").ok());
  EXPECT_TRUE(unpack(std::string(1024, '\0'), "zeros").ok());
  EXPECT_TRUE(unpack(std::string(10240, '\0'), "more-zeros").ok());
}

}  // namespace
}  // namespace pyxis
