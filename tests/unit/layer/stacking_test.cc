// Layers on top of one another: what overlayfs shows, what flatten_layers() makes, and what needs the layers
// below.
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "layer/external_links.h"
#include "layer/flatten.h"
#include "layer/implied_directories.h"
#include "layer_fixture.h"
#include "namespaces.h"

namespace pyxis {
namespace {

using testing::LayerTest;
using testing::TarBuilder;

std::string to_text(const testing::Snapshot& tree) {
  std::string text;
  for (const auto& [path, node] : tree) text += path + ": " + node + "\n";
  return text;
}

class Stacking : public LayerTest {
 protected:
  void SetUp() override {
    LayerTest::SetUp();
    // A lower layer with something for every way of taking it away.
    bottom_.dir("./")
        .dir("usr")
        .dir("usr/lib", 0755)
        .file("usr/lib/a", "a1")
        .file("usr/lib/b", "b1", 0600)
        .hard_link("usr/lib/b2", "usr/lib/b")
        .symlink("usr/lib/c", "a")
        .dir("var/", 0711)
        .dir("var/cache")
        .file("var/cache/old", "o")
        .dir("tmp", 01777)
        .dir("root", 0700)
        .file("root/.profile", "p")
        .dir("gone")
        .dir("gone/deep")
        .file("gone/deep/x", "x")
        .dir("again")
        .file("again/old", "old")
        .dir("empty")
        .file("becomes-dir", "f")
        .dir("becomes-file")
        .file("becomes-file/x", "y")
        .dir("becomes-link")
        .file("becomes-link/z", "z")
        .symlink("link-becomes-dir", "usr")
        .file("kept", "k");
    top_.dir("usr")
        .dir("usr/lib", 0755)
        .whiteout("usr/lib/.wh.a")
        .file("usr/lib/new", "n")
        .dir("var", 0711)
        .dir("var/cache")
        .whiteout("var/cache/.wh..wh..opq")
        .file("var/cache/new", "n")
        .whiteout(".wh.gone")
        .dir("again")
        .file("again/new", "new")
        .whiteout(".wh.again")
        .whiteout(".wh.becomes-dir")
        .dir("becomes-dir")
        .file("becomes-dir/in", "in")
        .file("becomes-file", "f")
        .symlink("becomes-link", "usr")
        .dir("link-becomes-dir")
        .file("link-becomes-dir/q", "q")
        // Whiteouts where no layer below has the directory: overlayfs would list them.
        .dir("lonely")
        .whiteout("lonely/.wh.nothing")
        .whiteout("var/cache/.wh.old")
        .whiteout("again/.wh.old");
  }

  // The tree that overlayfs shows for layers, top first, with an empty upper directory.
  std::string mounted(const std::string& lower) {
    for (auto name : {"upper", "work", "merged"}) make(name);
    return testing::in_own_namespaces([&]() -> std::string {
      if (::chdir(scratch().c_str()) != 0) return "chdir";
      auto options = "userxattr,lowerdir=" + lower + ",upperdir=upper,workdir=work";
      if (::mount("overlay", "merged", "overlay", 0, options.c_str()) != 0)
        return "mount: " + std::string(strerror(errno));
      auto root =
          open_path("merged", O_RDONLY | O_DIRECTORY);  // scratch_fd() leads to what lies below the mount
      return to_text(testing::snapshot(root->get()));
    });
  }

  std::string flattened(const std::vector<std::string>& layers, const std::string& name) {
    auto destination = make(name);
    std::vector<Fd> open_layers;
    std::vector<int> descriptors;
    for (const auto& layer : layers) {
      open_layers.push_back(open(layer));
      descriptors.push_back(open_layers.back().get());
    }
    auto done = flatten_layers(descriptors, destination.get());
    EXPECT_TRUE(done.ok()) << done.error().text();
    return to_text(testing::snapshot(destination.get()));
  }

  TarBuilder bottom_, top_;
  const UnpackOptions plain_{.form = LayerForm::plain};
};

TEST_F(Stacking, OverlayFlattenedOverlayAndFlattenedPlainShowTheSame) {
  unpacked(bottom_, "bottom");
  unpacked(top_, "top");
  unpacked(bottom_, "plain-bottom", plain_);
  unpacked(top_, "plain-top", plain_);
  auto overlay = mounted("top:bottom");
  EXPECT_EQ(flattened({"bottom", "top"}, "flat"), overlay);
  EXPECT_EQ(flattened({"plain-bottom", "plain-top"}, "flat-plain"), overlay);
  EXPECT_EQ(flattened({"plain-bottom", "top"}, "flat-mixed"), overlay);
  // And that is what the layers mean.
  for (auto path : {"usr/lib/a", "var/cache/old", "gone", "again/old", "lonely/nothing", "becomes-file/x"})
    EXPECT_FALSE(exists("flat/" + std::string(path))) << path;
  EXPECT_EQ(read("flat/again/new"), "new");
  EXPECT_EQ(read("flat/becomes-dir/in"), "in");
  EXPECT_EQ(read("flat/becomes-file"), "f");
  EXPECT_TRUE(S_ISLNK(stat("flat/becomes-link").st_mode));
  EXPECT_TRUE(S_ISDIR(stat("flat/empty").st_mode));
  EXPECT_EQ(read("flat/kept"), "k");
  EXPECT_EQ(stat("flat/usr/lib/b").st_ino, stat("flat/usr/lib/b2").st_ino);
  EXPECT_EQ(stat("flat/tmp").st_mode & 07777, 01777u);
}

TEST_F(Stacking, ASingleLayerWithWhiteoutsListsNone) {
  unpacked(TarBuilder()
               .dir("d")
               .whiteout("d/.wh.x")
               .file("d/f")
               .dir("o")
               .whiteout("o/.wh..wh..opq")
               .whiteout("o/.wh.y"),
           "top");
  unpacked(TarBuilder().file("other"), "bottom");
  auto overlay = mounted("top:bottom");
  EXPECT_EQ(flattened({"bottom", "top"}, "flat"), overlay);
  EXPECT_EQ(overlay.find("d/x"), overlay.npos) << overlay;
  EXPECT_EQ(overlay.find("o/y"), overlay.npos) << overlay;
}

TEST_F(Stacking, AnOpaqueRootLeavesNothingOfTheLayersBelow) {
  unpacked(bottom_, "bottom");
  unpacked(TarBuilder().whiteout(".wh..wh..opq").file("only"), "top");
  flattened({"bottom", "top"}, "flat");
  auto tree = testing::snapshot(open("flat").get());
  EXPECT_EQ(tree.size(), 1u);
  EXPECT_TRUE(tree.contains("only"));
}

TEST_F(Stacking, FlatteningKeepsHolesTimesAndUserAttributes) {
  auto layer = make("sparse-layer");
  Fd file(::openat(layer.get(), "sparse", O_WRONLY | O_CREAT | O_CLOEXEC, 0640));
  ASSERT_EQ(::pwrite(file.get(), "middle", 6, 8 << 20), 6);
  ASSERT_EQ(::ftruncate(file.get(), 64 << 20), 0);
  file.reset();
  unpacked(TarBuilder()
               .add({.name = "f", .mtime = -5, .pax = {{"SCHILY.xattr.user.note", "hello"}}})
               .whiteout("d/.wh.x"),
           "notes");
  flattened({"sparse-layer", "notes"}, "flat");
  EXPECT_EQ(stat("flat/sparse").st_size, 64 << 20);
  EXPECT_LT(stat("flat/sparse").st_blocks, 1024);
  std::string data(6, '\0');
  EXPECT_EQ(::pread(open("flat/sparse").get(), data.data(), 6, 8 << 20), 6);
  EXPECT_EQ(data, "middle");
  EXPECT_EQ(stat("flat/f").st_mtim.tv_sec, -5);
  EXPECT_EQ(xattr("flat/f", "user.note"), "hello");
  EXPECT_EQ(xattr("flat/d", "user.overlay.origin"), "");
}

class Fixup : public Stacking {
 protected:
  Result<void> resolve(const LayerFacts& facts, const std::string& layer,
                       const std::vector<std::string>& lower) {
    lower_.clear();
    std::vector<int> descriptors;
    for (const auto& name : lower) {
      lower_.push_back(open(name));
      descriptors.push_back(lower_.back().get());
    }
    auto own = open(layer);
    fixup_ = make("fixup");
    TRY(resolve_external_links(facts.external_links, own.get(), fixup_.get(), descriptors));
    restored_ =
        TRY(restore_implied_directories(facts.implied_directories, own.get(), fixup_.get(), descriptors));
    return ok();
  }

  std::vector<Fd> lower_;
  Fd fixup_;
  bool restored_ = false;
};

TEST_F(Fixup, HardLinksToFilesOfEarlierLayers) {
  for (auto form : {LayerForm::overlay, LayerForm::plain}) {
    std::string prefix = form == LayerForm::plain ? "plain-" : "";
    UnpackOptions options{.form = form};
    unpacked(bottom_, prefix + "bottom", options);
    unpacked(TarBuilder().dir("usr", 0755).dir("usr/lib", 0750).file("usr/lib/a", "a2"), prefix + "middle",
             options);
    auto facts = unpacked(TarBuilder()
                              .dir("opt", 0711)
                              .hard_link("opt/a", "usr/lib/a")
                              .hard_link("opt/b", "usr/lib/b")
                              .hard_link("opt/bb", "usr/lib/b")
                              .hard_link("opt/bbb", "opt/bb")
                              .hard_link("opt/c", "usr/lib/c"),
                          prefix + "layer", options);
    ASSERT_EQ(facts.external_links.size(), 5u);
    auto resolved = resolve(facts, prefix + "layer", {prefix + "middle", prefix + "bottom"});
    ASSERT_TRUE(resolved.ok()) << resolved.error().text();
    EXPECT_EQ(read("fixup/opt/a"), "a2");
    EXPECT_EQ(read("fixup/opt/b"), "b1");
    EXPECT_EQ(stat("fixup/opt/b").st_mode & 07777, 0600u);
    EXPECT_EQ(stat("fixup/opt/b").st_ino, stat("fixup/opt/bb").st_ino);
    EXPECT_EQ(stat("fixup/opt/b").st_ino, stat("fixup/opt/bbb").st_ino);
    EXPECT_TRUE(S_ISLNK(stat("fixup/opt/c").st_mode));
    EXPECT_EQ(stat("fixup/opt").st_mode & 07777, 0711u);
    EXPECT_EQ(stat("fixup/opt").st_mtim.tv_sec, 1'000'000'000);
    EXPECT_EQ(read("canary/file"), "untouched");
    ASSERT_TRUE(remove_tree(scratch_fd(), "fixup").ok());
  }
}

TEST_F(Fixup, WhatAnEarlierLayerHidIsNotFound) {
  unpacked(bottom_, "bottom");
  unpacked(top_, "top");
  unpacked(bottom_, "plain-bottom", plain_);
  unpacked(top_, "plain-top", plain_);
  for (std::string prefix : {"", "plain-"})
    for (auto target : {"usr/lib/a", "var/cache/old", "gone/deep/x", "again/old", "becomes-file/x",
                        "never/was", "becomes-link/lib/b"}) {
      auto layer = prefix + "link-" + std::to_string(std::hash<std::string_view>()(target));
      auto facts = unpacked(TarBuilder().hard_link("opt/l", target), layer);
      auto resolved = resolve(facts, layer, {prefix + "top", prefix + "bottom"});
      ASSERT_FALSE(resolved.ok()) << target;
      EXPECT_THAT(resolved.error().text(), ::testing::HasSubstr("hard link opt/l to " + std::string(target)));
      ASSERT_TRUE(remove_tree(scratch_fd(), "fixup").ok());
    }
}

TEST_F(Fixup, ATargetThatIsADirectoryIsRefused) {
  unpacked(bottom_, "bottom");
  auto facts = unpacked(TarBuilder().hard_link("l", "usr/lib"));
  auto resolved = resolve(facts, "layer", {"bottom"});
  ASSERT_FALSE(resolved.ok());
  EXPECT_THAT(resolved.error().text(), ::testing::HasSubstr("it is a directory"));
}

TEST_F(Fixup, ImpliedDirectoriesGetTheirModeFromBelow) {
  unpacked(bottom_, "bottom");
  auto facts = unpacked(TarBuilder()
                            .file("tmp/x")
                            .file("root/y")
                            .file("usr/lib/z")
                            .file("brand/new")
                            .whiteout("var/.wh.cache"));
  auto resolved = resolve(facts, "layer", {"bottom"});
  ASSERT_TRUE(resolved.ok()) << resolved.error().text();
  EXPECT_TRUE(restored_);
  EXPECT_FALSE(exists("fixup/usr"));  // 0755 in both
  EXPECT_FALSE(exists("fixup/brand"));
  auto overlay = mounted("fixup:layer:bottom");
  EXPECT_EQ(flattened({"bottom", "layer", "fixup"}, "flat"), overlay);
  EXPECT_EQ(stat("flat/tmp").st_mode & 07777, 01777u);
  EXPECT_EQ(stat("flat/root").st_mode & 07777, 0700u);
  EXPECT_EQ(stat("flat/var").st_mode & 07777, 0711u);
  EXPECT_EQ(read("flat/tmp/x"), "content");
}

TEST_F(Fixup, NoDifferenceNoFixup) {
  unpacked(bottom_, "bottom");
  auto facts = unpacked(TarBuilder().file("usr/lib/z"));
  ASSERT_TRUE(resolve(facts, "layer", {"bottom"}).ok());
  EXPECT_FALSE(restored_);
  EXPECT_TRUE(testing::snapshot(fixup_.get()).empty());
}

}  // namespace
}  // namespace pyxis
