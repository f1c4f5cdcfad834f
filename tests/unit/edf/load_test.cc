#include "edf/load.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fs.h"

namespace pyxis::edf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Load : public ::testing::Test {
 protected:
  Load() {
    char name[] = "/tmp/pyxis-edf-XXXXXX";
    top = ::mkdtemp(name);
    environment.set("HOME", top);
    environment.set("EDF_PATH", top + "/one:" + top + "/two");
    for (const auto* directory : {"/one", "/two", "/.edf"})
      EXPECT_TRUE(make_directories(top + directory).ok());
  }
  ~Load() override { (void)remove_tree(AT_FDCWD, top); }

  void write(const std::string& path, const std::string& text) {
    EXPECT_TRUE(write_file(AT_FDCWD, top + "/" + path, text).ok());
  }
  Definition good(const std::string& name) {
    auto loaded = load(name, environment);
    EXPECT_THAT(loaded.problems, IsEmpty());
    return loaded.definition;
  }
  std::string problem(const std::string& name) {
    auto loaded = load(name, environment);
    return loaded.problems.empty() ? "" : loaded.problems.front();
  }

  std::string top;
  Environment environment;
};

TEST_F(Load, NamesAreLookedForInTheDirectoriesInOrder) {
  write("two/a.toml", "image = \"two\"");
  EXPECT_EQ(good("a").image, "two");
  write("one/a.toml", "image = \"one\"");
  EXPECT_EQ(good("a").image, "one");
  EXPECT_EQ(load("a", environment).path, top + "/one/a.toml");
}

TEST_F(Load, WithoutEdfPathTheHomeDirectoryHasThem) {
  write(".edf/a.toml", "image = \"home\"");
  EXPECT_THAT(problem("a"), HasSubstr("no a.toml in " + top + "/one or " + top + "/two"));
  environment.set("EDF_PATH", "");
  EXPECT_EQ(good("a").image, "home");
  environment.unset("HOME");
  EXPECT_THAT(problem("a"), HasSubstr("neither EDF_PATH nor HOME is set"));
}

TEST_F(Load, WhatHasASlashOrEndsInTomlIsAPath) {
  EXPECT_EQ(find_file("x.toml", environment, "").value(), "x.toml");
  EXPECT_EQ(find_file("./x", environment, "").value(), "./x");
  EXPECT_EQ(find_file("x.toml", environment, "/d").value(), "/d/x.toml");
  EXPECT_EQ(find_file("/x", environment, "/d").value(), "/x");
  EXPECT_THAT(problem(top + "/none.toml"), HasSubstr(top + "/none.toml: No such file or directory"));
}

TEST_F(Load, ANameThatThereIsNotMayBeAnother) {
  write("two/pytorch.toml", "");
  EXPECT_THAT(problem("pytroch"), HasSubstr("did you mean 'pytorch'?"));
}

TEST_F(Load, BasesAreMergedInOrderWithTheirOwnBases) {
  write("one/common.toml",
        "image = \"common\"\nmounts = [\"/c\"]\nworkdir = \"/c\"\n[env]\nA = \"c\"\nB = \"c\"\n");
  write("one/gpu.toml", "base_environment = \"common\"\nmounts = [\"/g\"]\n[env]\nB = \"g\"\n");
  write("two/net.toml", "image = \"net\"\nmounts = [\"/n\"]\n[env]\nC = \"n\"\n");
  write("work.toml", "base_environment = [\"gpu\", \"two/net.toml\"]\nmounts = [\"/w\"]\n[env]\nC = \"\"\n");
  auto whole = good(top + "/work.toml");
  EXPECT_EQ(whole.image, "net");
  EXPECT_EQ(whole.workdir, "/c");
  EXPECT_THAT(whole.mounts, ElementsAre("/c", "/g", "/n", "/w"));
  EXPECT_EQ(whole.env, (std::map<std::string, std::string>{{"A", "c"}, {"B", "g"}, {"C", ""}}));
}

TEST_F(Load, CirclesAreNamed) {
  write("one/a.toml", "base_environment = \"b\"");
  write("two/b.toml", "base_environment = \"a\"");
  EXPECT_THAT(problem("a"),
              HasSubstr(top + "/two/b.toml:1:20: base_environment: base environments go round in a circle: " +
                        top + "/one/a.toml -> " + top + "/two/b.toml -> " + top + "/one/a.toml"));
}

TEST_F(Load, ChainsAndNumbersAreBounded) {
  for (int i = 0; i < 11; ++i)
    write("one/n" + std::to_string(i) + ".toml",
          i < 10 ? "base_environment = \"n" + std::to_string(i + 1) + "\"" : "");
  EXPECT_EQ(problem("n1"), "");
  EXPECT_THAT(problem("n0"), HasSubstr("nested more than 10 deep: " + top + "/one/n0.toml -> "));
  // Each level doubles what there is to read.
  for (int i = 0; i < 9; ++i) {
    auto next = "\"m" + std::to_string(i + 1) + "\"";
    write("one/m" + std::to_string(i) + ".toml",
          i < 8 ? "base_environment = [" + next + ", " + next + "]" : "");
  }
  EXPECT_THAT(problem("m0"), HasSubstr("more than 64 base environments in all"));
}

TEST_F(Load, ProblemsOfAllFilesAreToldOnce) {
  write("one/bad.toml", "image = 1\nx = 2\n");
  write("one/a.toml", "base_environment = [\"bad\", \"bad\", \"none\"]\n");
  auto loaded = load("a", environment);
  EXPECT_THAT(loaded.problems,
              ElementsAre(HasSubstr("/one/bad.toml:1:9: image: "), HasSubstr("/one/bad.toml:2:1: x: "),
                          HasSubstr("/one/a.toml:1:35: base_environment: no none.toml in ")));
}

TEST_F(Load, OnlyRegularFilesOfSomeSizeAreRead) {
  ASSERT_EQ(::mkfifo((top + "/one/pipe.toml").c_str(), 0600), 0);
  EXPECT_THAT(problem("pipe"), HasSubstr("is not a regular file"));
  EXPECT_THAT(problem("/"), HasSubstr("is not a regular file"));
  write("one/large.toml", std::string(300000, '#'));
  EXPECT_THAT(problem("large"), HasSubstr("is larger than"));
}

TEST_F(Load, TextsNameVariablesOfTheEnvironment) {
  environment.set("TAG", "trixie");
  write("one/a.toml", "image = \"debian:${TAG}\"");
  EXPECT_EQ(good("a").image, "debian:trixie");
}

}  // namespace
}  // namespace pyxis::edf
