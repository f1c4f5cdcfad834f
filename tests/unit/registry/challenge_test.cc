#include "registry/challenge.h"

#include <gtest/gtest.h>

namespace pyxis {
namespace {

TEST(Challenges, Bearer) {
  auto parsed = parse_challenges(
      R"(Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push")");
  ASSERT_EQ(parsed.size(), 1u);
  EXPECT_EQ(parsed[0].scheme, "bearer");
  EXPECT_EQ(parsed[0].parameter("realm"), "https://auth.docker.io/token");
  EXPECT_EQ(parsed[0].parameter("scope"), "repository:a/b:pull,push");
  EXPECT_EQ(parsed[0].parameter("absent"), "");
}

TEST(Challenges, SeveralInOneHeader) {
  auto parsed = parse_challenges(
      R"(Negotiate, Basic realm="a, b=\"c\"" , BEARER Realm = https://x/y , service=s, NTLM abc==)");
  ASSERT_EQ(parsed.size(), 4u);
  EXPECT_EQ(parsed[0].scheme, "negotiate");
  EXPECT_EQ(parsed[1].parameter("realm"), "a, b=\"c\"");
  EXPECT_EQ(parsed[2].scheme, "bearer");
  EXPECT_EQ(parsed[2].parameter("realm"), "https://x/y");
  EXPECT_EQ(parsed[2].parameter("service"), "s");
  EXPECT_EQ(parsed[3].scheme, "ntlm");
}

TEST(Challenges, NonsenseIsHarmless) {
  for (std::string text : {std::string(), std::string(",,,"), std::string("="), std::string("\"\"\""),
                           std::string("Bearer realm=\"x"), std::string("a=b"), std::string("Bearer =\"\\"),
                           std::string("\0\x01\xff", 3), std::string("Bearer realm")})
    parse_challenges(text);
  EXPECT_EQ(parse_challenges("Bearer realm=\"open")[0].parameter("realm"), "open");
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "s" + std::to_string(i) + ", ";
  EXPECT_LE(parse_challenges(many).size(), 16u);
  std::string wide = "Bearer ";
  for (int i = 0; i < 1000; ++i) wide += "p" + std::to_string(i) + "=1,";
  EXPECT_LE(parse_challenges(wide)[0].parameters.size(), 32u);
}

}  // namespace
}  // namespace pyxis
