// Directories of bundles that run at the same time, each of which sweeps when it starts.
#include "bundle/workspace.h"

#include <stdlib.h>
#include <unistd.h>

#include <functional>

#include "../base/scratch.h"

namespace {

// What happens right after a directory was made, before its maker does anything with it.
std::function<void(const std::string&)> after_mkdtemp;

}  // namespace

// In place of the C library's in this program: so the test comes between mkdtemp() and what follows it.
extern "C" char* mkdtemp(char* pattern) noexcept {
  static int counter = 0;
  auto number = std::to_string(1000000 + ++counter).substr(1);
  std::string path(pattern);
  path.replace(path.size() - number.size(), number.size(), number);
  path.copy(pattern, path.size());
  if (::mkdir(pattern, 0700) != 0) return nullptr;
  if (after_mkdtemp) after_mkdtemp(path);
  return pattern;
}

namespace pyxis {
namespace {

using testing::text_of;

class Workspaces : public testing::Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    make("tmp");
  }
  void TearDown() override {
    after_mkdtemp = nullptr;
    Scratch::TearDown();
  }
  Result<Workspace> make_one() { return Workspace::make(path("tmp"), facts_, "/bundle"); }
  static BundleFacts some_facts() {
    BundleFacts facts;
    facts.files = {{"pyxis-hooks/common.sh", "library\n", false}, {"site/hooks.d/10.sh", "hook\n", true}};
    return facts;
  }

  BundleFacts facts_ = some_facts();
};

TEST_F(Workspaces, WhatOthersHaveLeftGoesAndWhatTheyUseStays) {
  make("tmp/pyxis-bundle-" + std::to_string(::getuid()) + ".killed");
  auto first = make_one();
  ASSERT_EQ(text_of(first), "");
  auto second = make_one();
  ASSERT_EQ(text_of(second), "");
  for (const auto* one : {&*first, &*second})
    EXPECT_EQ(text_of(read_file(one->path() + "/site/hooks.d/10.sh")), "");
  EXPECT_EQ(names("tmp").size(), 2u);
}

// A sweep that finds a new directory before its maker has locked it takes it for one that was left.
TEST_F(Workspaces, OneThatIsSweptAwayWhileItIsMadeIsMadeAgain) {
  int made = 0;
  Fd sweeper;
  std::string swept;
  after_mkdtemp = [&](const std::string& one) {
    ++made;
    if (made == 1) {
      ASSERT_EQ(::rmdir(one.c_str()), 0);
    }
    if (made != 2) return;
    swept = one;
    sweeper.reset(::open(one.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    auto locked = try_lock(sweeper.get(), LockMode::exclusive);
    ASSERT_TRUE(locked.ok() && *locked);
  };
  auto workspace = make_one();
  ASSERT_EQ(text_of(workspace), "");
  EXPECT_EQ(made, 3);
  EXPECT_NE(workspace->path(), swept);
  EXPECT_EQ(text_of(remove_tree(AT_FDCWD, swept)), "");
  EXPECT_EQ(text_of(read_file(workspace->path() + "/site/hooks.d/10.sh")), "");
  EXPECT_EQ(names("tmp").size(), 1u);
}

}  // namespace
}  // namespace pyxis
