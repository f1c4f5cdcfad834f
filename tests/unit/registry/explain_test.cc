#include "registry/explain.h"

#include <gmock/gmock.h>

namespace pyxis {
namespace {

using testing::HasSubstr;
using testing::Not;

HttpOutcome outcome(long status, const std::string& body) {
  HttpOutcome out;
  out.response.status = status;
  out.response.body = body;
  out.response.url = parse_url("https://reg.example/v2/").value();
  return out;
}

Inquiry inquiry(const std::string& identity = {}) {
  Inquiry out;
  out.object = "docker://reg.example/x:1: manifest";
  out.registry = "reg.example";
  out.identity = identity;
  out.places = "/home/me/.docker/config.json";
  return out;
}

TEST(Explain, RegistrysOwnWords) {
  auto words = [](const std::string& body) { return words_of(outcome(401, body).response); };
  EXPECT_EQ(words(R"({"errors":[{"code":"DENIED","message":"no","detail":"why"},{"code":"X"}]})"),
            "DENIED: no: why; X");
  EXPECT_EQ(words(R"({"details":"incorrect username or password"})"), "incorrect username or password");
  EXPECT_EQ(words("plain text\nsecond line"), "plain text");
  EXPECT_EQ(words("<html>\n"), "<html>");
  EXPECT_EQ(words(""), "");
  EXPECT_EQ(words(R"({"errors":"x"})"), R"({"errors":"x"})");
  EXPECT_EQ(words(R"({"errors":[1,null,{"code":5}]})"), R"({"errors":[1,null,{"code":5}]})");
  EXPECT_THAT(words("{\"message\":\"\\u001b[31mred\\n\"}"), HasSubstr("\\x1b[31mred\\x0a"));
  EXPECT_LT(words(std::string(1000000, 'x')).size(), 400u);
  EXPECT_LT(words("{\"message\":\"" + std::string(100000, 'x') + "\"}").size(), 400u);
}

TEST(Explain, WhoWasRefusedAndWhatToDo) {
  auto anonymous = explain(inquiry(), outcome(401, "")).text();
  EXPECT_THAT(
      anonymous,
      HasSubstr("docker://reg.example/x:1: manifest: reg.example answered 401 Unauthorized to anonymous"));
  EXPECT_THAT(anonymous, HasSubstr("docker login reg.example"));
  EXPECT_THAT(anonymous, HasSubstr("/home/me/.docker/config.json"));
  auto known = explain(inquiry("user me (from /f)"), outcome(403, "")).text();
  EXPECT_THAT(known, HasSubstr("to user me (from /f)"));
  EXPECT_THAT(known, Not(HasSubstr("docker login")));
  auto absent_user = inquiry();
  absent_user.user = "me";
  EXPECT_THAT(explain(absent_user, outcome(401, "")).text(), HasSubstr("no credentials for user me"));
  EXPECT_THAT(explain(absent_user, outcome(401, "")).text(), HasSubstr(" login me password SECRET`"));
}

TEST(Explain, OtherAnswers) {
  EXPECT_THAT(explain(inquiry(), outcome(404, "")).text(), HasSubstr("check the name and tag"));
  auto limited = outcome(429, R"({"errors":[{"code":"TOOMANYREQUESTS","message":"limit"}]})");
  limited.response.headers.emplace("retry-after", "3600");
  EXPECT_THAT(explain(inquiry(), limited).text(), HasSubstr("wait 3600 s, or for a higher limit log in"));
  auto many = inquiry();
  many.attempts = 6;
  EXPECT_THAT(explain(many, outcome(503, "")).text(),
              HasSubstr("503 Service Unavailable to anonymous (6 attempts)"));
  auto elsewhere = outcome(403, "<Error>expired</Error>");
  elsewhere.response.url = parse_url("https://cdn.example/x?signature=secret").value();
  EXPECT_THAT(explain(inquiry(), elsewhere).text(), HasSubstr("(through cdn.example)"));
  EXPECT_THAT(explain(inquiry(), elsewhere).text(), Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace pyxis
