// Removing trees whose author wanted them to stay, or something else to go.
#include <sys/resource.h>

#include <atomic>
#include <thread>

#include "scratch.h"

namespace pyxis {
namespace {

using ::testing::HasSubstr;
using testing::in_child;
using testing::text_of;

class RemoveTree : public testing::Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    write("canary/file", "untouched");
    ASSERT_EQ(::chmod(path("canary").c_str(), 0511), 0);
  }
  void TearDown() override {
    EXPECT_EQ(read("canary/file"), "untouched");
    EXPECT_EQ(stat("canary").st_mode & 07777, 0511u);
    Scratch::TearDown();
  }
  void removed(const std::string& name) {
    EXPECT_EQ(text_of(remove_tree(dir(), name)), "");
    EXPECT_FALSE(exists(name));
  }
  // `depth` directories, each in the one before.
  void make_deep(const std::string& name, int depth) {
    make(name);
    Fd here(::open(path(name).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (int i = 0; i < depth; ++i) {
      auto below = make_directory_at(here.get(), "directory-with-some-name", 0755);
      ASSERT_EQ(text_of(below), "");
      here = std::move(*below);
    }
    ASSERT_EQ(text_of(write_file(here.get(), "file", "")), "");
  }
};

TEST_F(RemoveTree, WhatIsNotThereIsFine) {
  removed("absent");
}

TEST_F(RemoveTree, FilesOfAnyType) {
  write("file", "");
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0), 0);
  link("/nowhere", "dangling");
  for (auto name : {"file", "fifo", "dangling"}) removed(name);
}

TEST_F(RemoveTree, DirectoriesWithoutPermissions) {
  for (auto name : {"tree/empty", "tree/full/below", "tree/unwritable", "tree/unsearchable"}) make(name);
  write("tree/full/below/file", "");
  write("tree/unwritable/file", "");
  write("tree/unsearchable/file", "");
  for (auto [name, mode] : {std::pair{"tree/empty", 0000},
                            {"tree/full/below", 0000},
                            {"tree/full", 0000},
                            {"tree/unwritable", 0500},
                            {"tree/unsearchable", 0600},
                            {"tree", 0000}})
    ASSERT_EQ(::chmod(path(name).c_str(), static_cast<mode_t>(mode)), 0);
  removed("tree");
}

TEST_F(RemoveTree, LinksToOutsideGoAndTheirTargetsStay) {
  make("tree");
  link("../canary", "tree/relative");
  link(path("canary"), "tree/absolute");
  link("..", "tree/up");
  link(".", "tree/itself");
  link("../canary/file", "tree/file");
  removed("tree");
}

TEST_F(RemoveTree, ALinkAsTheTopIsRemovedItself) {
  link("canary", "link");
  removed("link");
}

TEST_F(RemoveTree, HardLinksToOutsideLoseAName) {
  make("tree");
  ASSERT_EQ(::link(path("canary/file").c_str(), path("tree/link").c_str()), 0);
  removed("tree");
}

TEST_F(RemoveTree, NamesOfAllBytes) {
  make("tree/ new\nline");
  make("tree/\xff\xfe");
  write("tree/-rf", "");
  write("tree/..file", "");
  write("tree/" + std::string(255, 'x'), "");
  removed("tree");
}

TEST_F(RemoveTree, DeeperThanThereAreDescriptors) {
  make_deep("tree", 1000);
  in_child([&] {
    rlimit few{64, 64};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    EXPECT_EQ(text_of(remove_tree(dir(), "tree")), "");
  });
  EXPECT_FALSE(exists("tree"));
}

TEST_F(RemoveTree, DeeperThanTheStack) {
  make_deep("tree", 20'000);
  in_child([&] {
    rlimit small{256 << 10, 256 << 10};
    ASSERT_EQ(::setrlimit(RLIMIT_STACK, &small), 0);
    EXPECT_EQ(text_of(remove_tree(dir(), "tree")), "");
  });
  EXPECT_FALSE(exists("tree"));
}

TEST_F(RemoveTree, ErrorsSayWhere) {
  make("tree/busy/below");
  auto absent = remove_tree(dir(), "canary/file/below");
  EXPECT_THAT(text_of(absent), HasSubstr("canary/file/below"));
}

// Somebody who swaps a directory for a link while it is removed: the canary decides.
TEST_F(RemoveTree, ASwappedDirectoryDoesNotLeadOut) {
  std::atomic<bool> done = false;
  make("tree");
  std::thread attacker([&] {
    while (!done) {
      ::mkdir(path("tree").c_str(), 0755);
      ::mkdir(path("tree/d").c_str(), 0);
      ::mkdir(path("link-dir").c_str(), 0755);
      (void)!::symlink("../canary", path("link-dir/d").c_str());
      ::renameat2(AT_FDCWD, path("tree/d").c_str(), AT_FDCWD, path("link-dir/d").c_str(), RENAME_EXCHANGE);
    }
  });
  for (int i = 0; i < 500; ++i) (void)!remove_tree(dir(), "tree").ok();
  done = true;
  attacker.join();
}

}  // namespace
}  // namespace pyxis
