#include "edf/document.h"

#include <gmock/gmock.h>

namespace pyxis::edf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

std::optional<std::string> variables(std::string_view name) {
  return name == "SCRATCH" ? std::optional<std::string>("/scratch/alice") : std::nullopt;
}

Document document(const std::string& text) {
  return parse_document(text, variables);
}

std::vector<std::string> problems(const std::string& text) {
  std::vector<std::string> lines;
  for (const auto& problem : document(text).problems) lines.push_back(problem.text("f"));
  return lines;
}

TEST(Document, SaysEverything) {
  auto said = document(R"(
image = "nvcr.io#nvidia/pytorch:24.01-py3"
base_environment = ["common", "./gpu.toml"]
mounts = ["${SCRATCH}:${SCRATCH}", "/data:/data:ro+rprivate"]
workdir = "${SCRATCH}/run"
entrypoint = false
writable = true
devices = ["nvidia.com/gpu=all"]
[env]
OMP_NUM_THREADS = "8"
LD_PRELOAD = ""
PRICE = "5$$"
[annotations]
com.hooks.ssh.enabled = "true"
"com.hooks.ssh.port" = 22
[annotations.com.pmix]
on = true
)");
  for (const auto& problem : said.problems) ADD_FAILURE() << problem.text("f");
  EXPECT_EQ(said.own.image, "nvcr.io#nvidia/pytorch:24.01-py3");
  ASSERT_EQ(said.bases.size(), 2u);
  EXPECT_EQ(said.bases[0].name, "common");
  EXPECT_EQ(said.bases[1].name, "./gpu.toml");
  EXPECT_EQ(said.bases[1].line, 3u);
  EXPECT_THAT(said.own.mounts, ElementsAre("/scratch/alice:/scratch/alice", "/data:/data:ro+rprivate"));
  EXPECT_EQ(said.own.workdir, "/scratch/alice/run");
  EXPECT_EQ(said.own.entrypoint, std::optional(false));
  EXPECT_EQ(said.own.writable, std::optional(true));
  EXPECT_THAT(said.own.devices, ElementsAre("nvidia.com/gpu=all"));
  EXPECT_THAT(said.own.env, UnorderedElementsAre(Pair("OMP_NUM_THREADS", "8"), Pair("LD_PRELOAD", ""),
                                                 Pair("PRICE", "5$")));
  EXPECT_THAT(said.own.annotations,
              UnorderedElementsAre(Pair("com.hooks.ssh.enabled", "true"), Pair("com.hooks.ssh.port", "22"),
                                   Pair("com.pmix.on", "true")));
  ASSERT_EQ(said.notes.size(), 3u);
  EXPECT_EQ(said.notes[0].text("f"), "f:14:15: annotations.com.hooks.ssh.enabled: it has no effect here");
}

TEST(Document, OneBaseNeedsNoBrackets) {
  auto said = document("base_environment = \"common\"");
  ASSERT_EQ(said.bases.size(), 1u);
  EXPECT_EQ(said.bases[0].name, "common");
  EXPECT_THAT(document("").problems, IsEmpty());
}

TEST(Document, UnknownKeysAreNamedWithTheirPlace) {
  EXPECT_THAT(problems("image = \"a\"\n  mount = [\"/a\"]\n"),
              ElementsAre("f:2:3: mount: there is no such key; did you mean 'mounts'?"));
  EXPECT_THAT(problems("privileged = true"),
              ElementsAre(StartsWith("f:1:1: privileged: there is no such key; there are: image, ")));
  EXPECT_THAT(problems("[environment]\nA = \"b\"\n"), ElementsAre(StartsWith("f:1:")));
}

TEST(Document, TypesAreChecked) {
  EXPECT_THAT(problems("image = 7"),
              ElementsAre("f:1:9: image: it is a number and not a string; put it in quotes"));
  EXPECT_THAT(problems("image = [\"a\"]"), ElementsAre(HasSubstr("image: it is an array and not a string")));
  EXPECT_THAT(problems("mounts = \"/a\""),
              ElementsAre("f:1:10: mounts: it is a string and not an array of strings; put it in brackets"));
  EXPECT_THAT(problems("mounts = [\"/a\", 1]"), ElementsAre(HasSubstr("f:1:17: mounts[1]: it is a number")));
  EXPECT_THAT(problems("writable = \"true\""),
              ElementsAre(HasSubstr("writable: it is a string and not a boolean; write true or false")));
  EXPECT_THAT(problems("entrypoint = 1"),
              ElementsAre(HasSubstr("entrypoint: it is a number and not a boolean")));
  EXPECT_THAT(problems("env = \"A=1\""),
              ElementsAre(HasSubstr("env: it is a string and not a table; write [env]")));
  EXPECT_THAT(problems("[env]\nA = 1\nB = true\nC.D = \"x\"\nE = 1979-05-27"),
              ElementsAre(HasSubstr("f:2:5: env.A: it is a number and not a string; put it in quotes"),
                          HasSubstr("f:3:5: env.B: it is a boolean"), HasSubstr("env.C: it is a table"),
                          HasSubstr("env.E: it is a date or a time")));
  EXPECT_THAT(problems("base_environment = 1"),
              ElementsAre(HasSubstr("it is a number and not a string or an array of strings")));
  EXPECT_THAT(problems("annotations = 1"),
              ElementsAre(HasSubstr("annotations: it is a number and not a table")));
  EXPECT_THAT(problems("[annotations]\na = [\"x\"]"),
              ElementsAre(HasSubstr("annotations.a: it is an array")));
}

TEST(Document, ValuesAreChecked) {
  EXPECT_THAT(problems("image = \"UPPER/x\""), ElementsAre(StartsWith("f:1:9: image: ")));
  EXPECT_THAT(problems("image = \"\""), ElementsAre("f:1:9: image: it is empty; leave it out"));
  EXPECT_THAT(problems("mounts = [\"a:b\"]"),
              ElementsAre(HasSubstr("mounts[0]: invalid format: \"a:b\": the source")));
  EXPECT_THAT(problems("mounts = [\"/a:/b,/c:/d\"]"),
              ElementsAre(HasSubstr("mounts[0]: '/a:/b,/c:/d' has a comma")));
  EXPECT_THAT(problems("devices = [\"gpu0\"]"),
              ElementsAre(HasSubstr("devices[0]: device \"gpu0\": it has no '='")));
  EXPECT_THAT(
      problems("[env]\n\"A=B\" = \"x\"\n\"\" = \"y\""),
      ElementsAre(HasSubstr("f:2:1: env.A=B: 'A=B' has a '=' in it"), HasSubstr("a variable has no name")));
  EXPECT_THAT(problems("[env]\nA = \"x\\u0000y\""),
              ElementsAre(HasSubstr("env.A: it holds a NUL character")));
  EXPECT_THAT(problems("[env]\nA = \"${NO_SUCH}\""),
              ElementsAre(HasSubstr("env.A: variable NO_SUCH is not set")));
  EXPECT_THAT(problems("[annotations]\na.b = \"x\"\n\"a.b\" = \"y\""),
              ElementsAre(HasSubstr("annotations.a.b: it is there twice")));
}

TEST(Document, AllThatIsWrongIsToldInTheOrderOfTheFile) {
  EXPECT_THAT(
      problems("workdri = \"/x\"\nimage = 1\n[env]\nA = \"$B\"\n"),
      ElementsAre(StartsWith("f:1:1: workdri"), StartsWith("f:2:9: image"), StartsWith("f:4:5: env.A")));
}

TEST(Document, WhatIsNoTomlIsSaidWithItsPlace) {
  EXPECT_THAT(problems("image = \"a\"\nmounts = [\n"), ElementsAre(StartsWith("f:2:12: not TOML: ")));
  EXPECT_THAT(problems("image = \"a\"\nimage = \"b\"\n"), ElementsAre(StartsWith("f:2:")));
  EXPECT_THAT(problems("\xff"), ElementsAre(HasSubstr("not TOML")));
  // Characters that toml++'s tables have no place for.
  for (const auto* text : {"é = 1", "image é= 1", "\xef\xbb\xb9", "image = 1 \xef\xbb\xb9",
                           "image = \"\"\"\\é\"\"\"", "ж", "[("})
    EXPECT_THAT(problems(text), ElementsAre(HasSubstr("not TOML"))) << text;
}

}  // namespace
}  // namespace pyxis::edf
