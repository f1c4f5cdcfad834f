#include "edf/substitution.h"

#include <gmock/gmock.h>

namespace pyxis::edf {
namespace {

using ::testing::HasSubstr;

std::optional<std::string> variables(std::string_view name) {
  if (name == "A") return "value of ${B}";
  if (name == "B") return "b";
  if (name == "EMPTY") return "";
  if (name == "LONG") return std::string(40000, 'x');
  return std::nullopt;
}

std::string text(const std::string& given) {
  auto expanded = expand(given, variables);
  return expanded.ok() ? *expanded : "error: " + expanded.error().text();
}

TEST(Substitution, VariablesAndDollars) {
  EXPECT_EQ(text("plain"), "plain");
  EXPECT_EQ(text("/${B}/${B}x"), "/b/bx");
  EXPECT_EQ(text("$${B} $$$$ cost: 5$ $1 $"), "${B} $$ cost: 5$ $1 $");
  EXPECT_EQ(text("[${EMPTY}]"), "[]");
  EXPECT_EQ(text("a}b"), "a}b");
}

TEST(Substitution, AValueIsNotLookedAtAgain) {
  EXPECT_EQ(text("${A}"), "value of ${B}");
}

TEST(Substitution, DefaultsAreForWhatIsUnsetOrEmpty) {
  EXPECT_EQ(text("${NO:-x}${EMPTY:-y}${B:-z}"), "xyb");
  EXPECT_EQ(text("[${NO:-}]"), "[]");
  EXPECT_EQ(text("${NO:-/a/${B}/$$}"), "/a/b/$");
  EXPECT_EQ(text("${NO:-${NEITHER:-${B}}}!"), "b!");
  // What a default that is not used would need is not asked for.
  EXPECT_EQ(text("${B:-${NO}}"), "b");
}

TEST(Substitution, WhatIsWrongIsNamed) {
  EXPECT_THAT(text("${NO}"), HasSubstr("variable NO is not set; set it, or write ${NO:-DEFAULT}"));
  EXPECT_THAT(text("${OTHER:-${NO}}"), HasSubstr("variable NO is not set"));
  EXPECT_THAT(text("$HOME/x"), HasSubstr("$HOME is not expanded; write ${HOME}, or $$HOME"));
  for (const auto* other : {"${}", "${1}", "${B-x}", "${B:?x}", "${#B}", "${B%x}", "${ B}"})
    EXPECT_THAT(text(other), HasSubstr("is not understood; write ${NAME}")) << other;
  EXPECT_THAT(text("${B"), HasSubstr("error: "));
  EXPECT_THAT(text("${NO:-x"), HasSubstr("a '${' has no '}'"));
  EXPECT_THAT(text("${B:-x"), HasSubstr("a '${' has no '}'"));
}

TEST(Substitution, ResultsAndNestingAreBounded) {
  EXPECT_THAT(text("${LONG}${LONG}"), HasSubstr("longer than 65536 bytes"));
  EXPECT_THAT(text(std::string(70000, 'x')), HasSubstr("longer than 65536 bytes"));
  EXPECT_EQ(text(std::string(131072, '$')), std::string(65536, '$'));
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "${NO:-";
  EXPECT_THAT(text(deep), HasSubstr("nested more than 16 deep"));
  EXPECT_THAT(text("${B:-" + deep), HasSubstr("nested more than 16 deep"));
}

}  // namespace
}  // namespace pyxis::edf
