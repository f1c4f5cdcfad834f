#include "spank/names.h"

#include <gmock/gmock.h>

namespace pyxis::spank {
namespace {

TEST(ContainerName, ReadsNameAndFlag) {
  EXPECT_EQ(parse_name("ubuntu").value(), (ContainerName{"ubuntu", NameMode::any}));
  EXPECT_EQ(parse_name("u:auto").value(), (ContainerName{"u", NameMode::any}));
  EXPECT_EQ(parse_name("u:create").value(), (ContainerName{"u", NameMode::create}));
  EXPECT_EQ(parse_name("u:exec").value(), (ContainerName{"u", NameMode::exec}));
  EXPECT_EQ(parse_name("u:no_exec").value(), (ContainerName{"u", NameMode::no_exec}));
}

TEST(ContainerName, RefusesWhatCannotBeOne) {
  for (const char* text : {"", ":exec", "a/b", "/", "a:", "a:run", "a:exec:exec", "a\nb"})
    EXPECT_FALSE(parse_name(text).ok()) << text;
  EXPECT_FALSE(parse_name(std::string(256, 'x')).ok());
}

TEST(ContainerName, TheLongestStillFitsIntoAFileName) {
  std::string longest;
  for (size_t size = 1; parse_name(std::string(size, 'x')).ok(); ++size) longest.assign(size, 'x');
  auto name = parse_name(longest).value();
  EXPECT_EQ(engine_name(Scope::job, 4294967295u, 0, name).size(), 255u);
}

TEST(EngineName, FollowsScope) {
  ContainerName name{"u"};
  EXPECT_EQ(engine_name(Scope::global, 7, 3, name), "pyxis_u");
  EXPECT_EQ(engine_name(Scope::job, 7, 3, name), "pyxis_7_u");
  EXPECT_EQ(engine_name(Scope::global, 7, 3, std::nullopt), "pyxis_7.3");
  EXPECT_EQ(engine_name(Scope::job, 7, 3, std::nullopt), "pyxis_7_7.3");
}

TEST(EngineName, AnUnnamedContainerCanBeNamed) {
  auto name = parse_name("7.3").value();
  EXPECT_EQ(engine_name(Scope::global, 8, 0, name), engine_name(Scope::global, 7, 3, std::nullopt));
}

TEST(JobPrefix, IsNoOtherJobs) {
  EXPECT_EQ(job_prefix(Scope::job, 7), "pyxis_7_");
  EXPECT_EQ(job_prefix(Scope::global, 7), "pyxis_7.");
}

}  // namespace
}  // namespace pyxis::spank
