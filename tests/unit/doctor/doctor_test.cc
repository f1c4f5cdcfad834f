// Checks are made at once, told in order, and none can keep the others from being told.
#include "doctor/doctor.h"

#include <unistd.h>

#include "planted.h"

namespace pyxis::doctor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Check saying(const std::string& name) {
  return {"group", name, [name](const Context&) {
            return Findings{{name, Verdict::pass, "fact of " + name, ""}};
          }};
}

Check never_ending(const std::string& name) {
  return {"group", name, [](const Context&) -> Findings {
            for (;;) ::pause();
          }};
}

std::vector<std::string> told(const Findings& findings) {
  std::vector<std::string> texts;
  for (const auto& each : findings)
    texts.push_back(each.group + " " + each.check + " " + verdict_name(each.verdict) + ": " + each.fact);
  return texts;
}

TEST(Examine, TellsInOrder) {
  auto findings = examine({}, {saying("a"), saying("b"), saying("c")}, seconds(60), [](const auto&) {});
  EXPECT_THAT(told(findings),
              ElementsAre("group a pass: fact of a", "group b pass: fact of b", "group c pass: fact of c"));
}

TEST(Examine, WhatDoesNotAnswerHasFailedAndTheOthersAreTold) {
  std::vector<std::string> waited;
  auto findings = examine({}, {never_ending("hangs"), saying("answers")}, milliseconds(1500),
                          [&](const std::string& name) { waited.push_back(name); });
  EXPECT_THAT(told(findings),
              ElementsAre("group hangs fail: no answer within 1 s", "group answers pass: fact of answers"));
  EXPECT_NE(findings.front().remedy, "");
  EXPECT_THAT(waited, ElementsAre("hangs"));
}

TEST(Examine, ACheckThatDiesOrThrowsIsAFailureOfItsOwn) {
  Check dies{"group", "dies", [](const Context&) -> Findings { ::_exit(3); }};
  Check throws{"group", "throws", [](const Context&) -> Findings { throw std::runtime_error("oh"); }};
  auto findings = examine({}, {dies, throws, saying("answers")}, seconds(60), [](const auto&) {});
  EXPECT_THAT(told(findings), ElementsAre(HasSubstr("dies fail: "), HasSubstr("throws fail: oh"),
                                          "group answers pass: fact of answers"));
}

TEST(Findings, AreTheSameOnTheOtherSide) {
  Findings findings = {{"check", Verdict::warn, "fact\n\"", "remedy", "group"},
                       {"", Verdict::skip, "", "", ""}};
  auto decoded = decode(encode(findings));
  ASSERT_TRUE(decoded.ok());
  ASSERT_EQ(decoded->size(), 2u);
  EXPECT_EQ((*decoded)[0].check, "check");
  EXPECT_EQ((*decoded)[0].verdict, Verdict::warn);
  EXPECT_EQ((*decoded)[0].fact, "fact\n\"");
  EXPECT_EQ((*decoded)[0].remedy, "remedy");
  EXPECT_EQ((*decoded)[0].group, "group");
  EXPECT_EQ((*decoded)[1].verdict, Verdict::skip);
  for (const char* damaged : {"", "x", "12345678"}) EXPECT_FALSE(decode(damaged).ok()) << damaged;
}

TEST(Checks, HaveOneForEachRegistry) {
  Context context;
  auto without = checks_for(context).size();
  context.registries = {"a.example", "b.example:5000"};
  auto checks = checks_for(context);
  ASSERT_EQ(checks.size(), without + 2);
  EXPECT_EQ(checks.back().name, "b.example:5000");
}

}  // namespace
}  // namespace pyxis::doctor
