#include "registry/netrc.h"

#include <gmock/gmock.h>

namespace pyxis {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Netrc, Entries) {
  auto entries = parse_netrc(
                     "# a comment with machine in it\n"
                     "machine nvcr.io login $oauthtoken password abc#def\n"
                     "machine Host:5000\n\tlogin me\n\taccount x\n\tpassword \"a b\\\"c\\\\\"  # the end\n"
                     "macdef init\nmachine not.this login x password y\n\n"
                     "default login any password thing\n")
                     .value();
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].machine, "nvcr.io");
  EXPECT_EQ(entries[0].login, "$oauthtoken");
  EXPECT_EQ(entries[0].password, "abc#def");
  EXPECT_FALSE(entries[0].expression);
  EXPECT_EQ(entries[0].line, 2);
  EXPECT_EQ(entries[1].machine, "host:5000");
  EXPECT_EQ(entries[1].password, "a b\"c\\");
  EXPECT_EQ(entries[2].machine, "");
  EXPECT_EQ(entries[2].login, "any");
}

TEST(Netrc, ShellExpressions) {
  auto entries =
      parse_netrc(
          "machine a login AWS password $(aws ecr get-login-password --region eu-west-2) machine b login x "
          "password $TOKEN\n"
          "machine c login x password ${A:-b c} machine d login x password $(echo \")\" '(' $(date))tail\n"
          "machine e login x password \"$literal\"")
          .value();
  ASSERT_EQ(entries.size(), 5u);
  EXPECT_EQ(entries[0].password, "$(aws ecr get-login-password --region eu-west-2)");
  EXPECT_TRUE(entries[0].expression);
  EXPECT_EQ(entries[1].password, "$TOKEN");
  EXPECT_EQ(entries[2].password, "${A:-b c}");
  EXPECT_EQ(entries[3].password, "$(echo \")\" '(' $(date))tail");
  EXPECT_EQ(entries[4].password, "$literal");
  EXPECT_FALSE(entries[4].expression);
}

TEST(Netrc, ErrorsNameTheLineAndNoSecret) {
  struct Bad {
    std::string text, says;
  };
  for (const auto& bad :
       {Bad{"\nmachine x login me password hunter2 hunter3", "line 2"},
        Bad{"login me", "before any 'machine'"}, Bad{"machine", "the host is missing"},
        Bad{"machine x login", "the user is missing"}, Bad{"machine x password", "the password is missing"},
        Bad{"machine x password \"hunter2", "quote"}, Bad{"machine x password $(hunter2", "not closed"},
        Bad{std::string("machine\0x", 9), "NUL"}, Bad{"<html>hunter2</html>", "line 1"}}) {
    auto parsed = parse_netrc(bad.text);
    ASSERT_FALSE(parsed.ok()) << bad.text;
    EXPECT_THAT(parsed.error().text(), HasSubstr(bad.says));
    EXPECT_THAT(parsed.error().text(), Not(HasSubstr("hunter")));
  }
  EXPECT_TRUE(parse_netrc("").value().empty());
  EXPECT_TRUE(parse_netrc("macdef x").value().empty());
}

}  // namespace
}  // namespace pyxis
