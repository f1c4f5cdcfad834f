#include "edf/definition.h"

#include <gmock/gmock.h>

#include "edf/document.h"

namespace pyxis::edf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Definition full() {
  Definition definition;
  definition.image = "debian:trixie";
  definition.workdir = "/w $x \"quoted\" \\";
  definition.mounts = {"/a:/b:ro", "/c"};
  definition.devices = {"v.com/gpu=0"};
  definition.entrypoint = true;
  definition.writable = false;
  definition.env = {{"A", "1$\n\t\x01\x7f"}, {"GONE", ""}, {"ä.ö", "ü"}};
  definition.annotations = {{"com.a", "x"}, {"com.a.b", "y"}};
  return definition;
}

TEST(Definition, TheLaterWins) {
  Definition over;
  over.image = "other";
  over.mounts = {"/d"};
  over.writable = true;
  over.env = {{"A", "2"}, {"B", "3"}};
  over.annotations = {{"com.a", "z"}};
  auto both = merged(full(), over);
  EXPECT_EQ(both.image, "other");
  EXPECT_EQ(both.workdir, full().workdir);
  EXPECT_THAT(both.mounts, ElementsAre("/a:/b:ro", "/c", "/d"));
  EXPECT_THAT(both.devices, ElementsAre("v.com/gpu=0"));
  EXPECT_EQ(both.entrypoint, std::optional(true));
  EXPECT_EQ(both.writable, std::optional(true));
  EXPECT_EQ(both.env.at("A"), "2");
  EXPECT_EQ(both.env.at("B"), "3");
  EXPECT_EQ(both.env.at("GONE"), "");
  EXPECT_EQ(both.annotations.at("com.a"), "z");
  EXPECT_EQ(both.annotations.at("com.a.b"), "y");
}

TEST(Definition, WhatIsRenderedIsReadBack) {
  auto none = [](std::string_view) { return std::nullopt; };
  for (const auto& definition : {full(), Definition()}) {
    auto again = parse_document(render(definition), none);
    for (const auto& problem : again.problems)
      ADD_FAILURE() << problem.text("f") << "\n" << render(definition);
    EXPECT_EQ(again.own, definition) << render(definition);
  }
}

TEST(Definition, ForSrunItIsOptionsAndVariables) {
  auto file = for_srun(full(), "work", "/home/alice/.edf/work.toml");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->argument, "work");
  EXPECT_EQ(file->path, "/home/alice/.edf/work.toml");
  EXPECT_EQ(file->image, "debian:trixie");
  EXPECT_EQ(file->mounts, "/a:/b:ro,/c");
  EXPECT_EQ(file->devices, "v.com/gpu=0");
  EXPECT_EQ(file->entrypoint, std::optional(true));
  EXPECT_EQ(file->writable, std::optional(false));
  EXPECT_EQ(file->variables.size(), 3u);
}

TEST(Definition, WhatSlurmCannotCarryIsAnError) {
  auto large = full();
  large.env["LARGE"] = std::string(EnvironmentFile::max_bytes, 'x');
  auto file = for_srun(large, "work", "/work.toml");
  ASSERT_FALSE(file.ok());
  EXPECT_THAT(file.error().text(), HasSubstr("/work.toml: with its bases it is longer than 65536 bytes"));
}

}  // namespace
}  // namespace pyxis::edf
