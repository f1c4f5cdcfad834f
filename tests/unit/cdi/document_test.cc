#include "cdi/document.h"

#include <gmock/gmock.h>

namespace pyxis::cdi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = Value::Kind;

Value yaml(std::string_view text) {
  auto value = parse_yaml(text);
  EXPECT_TRUE(value.ok()) << value.error().text();
  return value.ok() ? *value : Value();
}

std::string problem(const Result<Value>& value) {
  return value.ok() ? "" : value.error().text();
}

TEST(Document, JsonAndYamlGiveOneTree) {
  auto json = parse_json(R"({"a": "x", "b": [1, true, null, "2"], "c": {"d": {}}})");
  ASSERT_TRUE(json.ok()) << json.error().text();
  for (const auto& value : {*json, yaml("a: 'x'\nb: [1, true, ~, '2']\nc:\n  d: {}\n")}) {
    EXPECT_THAT(value.names, ElementsAre("a", "b", "c"));
    ASSERT_NE(value.field("a"), nullptr);
    EXPECT_EQ(value.field("a")->kind, Kind::text);
    ASSERT_EQ(value.field("b")->items.size(), 4u);
    EXPECT_EQ(value.field("b")->items[0].kind, Kind::word);
    EXPECT_EQ(value.field("b")->items[0].scalar, "1");
    EXPECT_EQ(value.field("b")->items[1].scalar, "true");
    EXPECT_EQ(value.field("b")->items[2].kind, Kind::nothing);
    EXPECT_EQ(value.field("b")->items[3].kind, Kind::text);
    EXPECT_EQ(value.field("c")->field("d")->kind, Kind::table);
  }
}

TEST(Document, WhatIsEmptyIsAsIfItWereNotThere) {
  auto value = yaml("a:\nb: 1\n");
  EXPECT_EQ(value.field("a"), nullptr);
  EXPECT_EQ(value.field("c"), nullptr);
  EXPECT_EQ(value.names.size(), 2u);
}

TEST(Document, YamlIsTakenInBothStyles) {
  auto value = yaml("# a comment\n---\nlist:\n- name: \"0\"\n  more: [a, \"b c\"]\n- {name: 1}\n");
  ASSERT_NE(value.field("list"), nullptr);
  ASSERT_EQ(value.field("list")->items.size(), 2u);
  EXPECT_EQ(value.field("list")->items[0].field("name")->kind, Kind::text);
  EXPECT_EQ(value.field("list")->items[1].field("name")->kind, Kind::word);
  EXPECT_EQ(value.field("list")->items[0].field("more")->items[1].scalar, "b c");
}

TEST(Document, WhatMakesMuchOfLittleIsRefused) {
  EXPECT_THAT(problem(parse_yaml("a: &x [1]\nb: *x\n")), HasSubstr("line 2: aliases (*NAME) are not taken"));
  auto deep = std::string(200, '[') + std::string(200, ']');
  EXPECT_THAT(problem(parse_yaml(deep)), HasSubstr("line 1: nested more than 32 deep"));
  EXPECT_THAT(problem(parse_json(deep)), HasSubstr("nested more than 32 deep"));
  std::string wide;
  for (int i = 0; i < 2000; ++i) wide += "k" + std::to_string(i) + ": 1\n";
  EXPECT_THAT(problem(parse_yaml(wide)), HasSubstr("line 1001: a table has more than 1000 fields"));
  EXPECT_FALSE(parse_yaml(std::string(100000, '[')).ok());
  EXPECT_THAT(problem(parse_json(std::string(100000, '['))), HasSubstr("nested more than 32 deep"));
}

TEST(Document, DamageIsTold) {
  EXPECT_THAT(problem(parse_json("{\"a\": }")), HasSubstr("not JSON"));
  EXPECT_THAT(problem(parse_json("")), HasSubstr("not JSON"));
  EXPECT_THAT(problem(parse_yaml("a: [\nb")), HasSubstr("not YAML: line "));
  EXPECT_THAT(problem(parse_yaml("")), HasSubstr("empty"));
  EXPECT_THAT(problem(parse_yaml("a: 1\n---\nb: 2\n")), HasSubstr("more than one document"));
  EXPECT_THAT(problem(parse_yaml("a: !!binary aGk=\n")), HasSubstr("tags"));
  EXPECT_THAT(problem(parse_yaml("? [a]\n: b\n")), HasSubstr("name"));
  EXPECT_THAT(problem(parse_yaml("a: \"x\\0y\"\n")), HasSubstr("NUL"));
}

TEST(Document, ANameTwiceIsRefused) {
  EXPECT_THAT(problem(parse_json(R"({"a": 1, "a": 2})")), HasSubstr("field 'a' is there twice"));
  EXPECT_THAT(problem(parse_yaml("a: 1\nb: 2\na: 3\n")), HasSubstr("line 3: field 'a' is there twice"));
}

}  // namespace
}  // namespace pyxis::cdi
