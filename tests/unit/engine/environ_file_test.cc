// The lines of environ.d/*.env.
#include "engine/environ_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pyxis {
namespace {

using ::testing::HasSubstr;

const auto host = Environment::from({"WHO=alice", "NESTED=${WHO} \"x\"", "EMPTY="});

// The variables, one a line, or the error in brackets.
std::string parsed(std::string_view text) {
  auto variables = parse_environ_file(text, host, "/etc/x.env");
  if (!variables.ok()) return "(" + variables.error().text() + ")";
  std::string out;
  for (const auto& line : *variables) out += line + "\n";
  return out;
}

TEST(EnvironFile, LinesCommentsAndBlanks) {
  EXPECT_EQ(parsed("# comment\n\n  A=1  \r\nB=\n \t# C=3\nD=a=b #no comment\n"),
            "A=1\nB=\nD=a=b #no comment\n");
  EXPECT_EQ(parsed(""), "");
}

TEST(EnvironFile, OnePairOfQuotesIsRemoved) {
  EXPECT_EQ(parsed("A=\"a b\""), "A=a b\n");
  EXPECT_EQ(parsed("A='a b'"), "A=a b\n");
  EXPECT_EQ(parsed("A=\"'a'\""), "A='a'\n");
  EXPECT_EQ(parsed("A=\""), "A=\"\n");
  EXPECT_EQ(parsed("A=a\"b\""), "A=a\"b\"\n");
}

TEST(EnvironFile, VariablesAreTheHosts) {
  EXPECT_EQ(parsed("A=/home/${WHO}/x"), "A=/home/alice/x\n");
  EXPECT_EQ(parsed("A='${WHO}'"), "A=alice\n");
  EXPECT_EQ(parsed("A=[${ABSENT}${EMPTY}]"), "A=[]\n");
  EXPECT_EQ(parsed("A=$WHO ${WHO $ {WHO}"), "A=$WHO ${WHO $ {WHO}\n");
}

TEST(EnvironFile, AValueIsNotReadAgain) {
  EXPECT_EQ(parsed("A=${NESTED}"), "A=${WHO} \"x\"\n");
}

TEST(EnvironFile, WhatIsNoVariableIsRefused) {
  EXPECT_THAT(parsed("A=1\nB"), HasSubstr("/etc/x.env:2: 'B' is not of the form NAME=VALUE"));
  EXPECT_THAT(parsed("=1"), HasSubstr("/etc/x.env:1: '' is not the name"));
  EXPECT_THAT(parsed("export A=1"), HasSubstr("'export A' is not the name of a variable"));
  EXPECT_THAT(parsed("A =1"), HasSubstr("/etc/x.env:1: 'A ' is not the name"));
  EXPECT_THAT(parsed("\x1b[1m"), HasSubstr("'\\x1b[1m' is not"));
}

TEST(EnvironFile, SettingsOfTheEngineAreRefused) {
  EXPECT_THAT(parsed("\nENROOT_X=1"), HasSubstr("/etc/x.env:2: ENROOT_X is a setting"));
  EXPECT_EQ(parsed("ENROOT=1"), "ENROOT=1\n");
}

}  // namespace
}  // namespace pyxis
