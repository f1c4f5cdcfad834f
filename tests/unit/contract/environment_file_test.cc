#include "contract/environment_file.h"

#include <gmock/gmock.h>

namespace pyxis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Variable = EnvironmentFile::Variable;

std::string problem(std::string_view text) {
  auto decoded = EnvironmentFile::decode(text);
  return decoded.ok() ? "" : decoded.error().text();
}

TEST(EnvironmentFile, SurvivesTheJourney) {
  EnvironmentFile file;
  file.argument = "a;b\\c";
  file.path = "/x y.toml";
  file.image = "debian";
  file.mounts = "/a:/b,/c:/d:ro";
  file.workdir = "/w=\nx";
  file.devices = "v.com/gpu=0";
  file.entrypoint = false;
  file.writable = true;
  file.variables = {{"A", "1;2\\;\n\\n"}, {"GONE", ""}, {"B", "="}};
  auto line = file.encode();
  EXPECT_EQ(line.find('\n'), line.npos);
  auto got = EnvironmentFile::decode(line);
  ASSERT_TRUE(got.ok()) << got.error().text();
  EXPECT_EQ(*got, file);
  EXPECT_EQ(EnvironmentFile::decode("").value(), EnvironmentFile());
}

TEST(EnvironmentFile, RefusesWhatItDoesNotWrite) {
  EXPECT_THAT(problem("image"), HasSubstr("has no '='"));
  EXPECT_THAT(problem("privileged=yes"), HasSubstr("'privileged' is not known here"));
  EXPECT_THAT(problem("env=A"), HasSubstr("has no '='"));
  EXPECT_THAT(problem("env==x"), HasSubstr("no name"));
  EXPECT_THAT(problem("env=A\tB=x"), HasSubstr("control character"));
  EXPECT_THAT(problem("image=a\\x"), HasSubstr("backslash"));
  EXPECT_THAT(problem("image=a\\"), HasSubstr("backslash"));
  EXPECT_THAT(problem("writable=maybe"), HasSubstr("neither yes nor no"));
  EXPECT_THAT(problem(std::string_view("image=a\0", 8)), HasSubstr("NUL"));
  EXPECT_THAT(problem(std::string(EnvironmentFile::max_bytes + 1, 'x')),
              HasSubstr("longer than 65536 bytes"));
}

TEST(EnvironmentFile, WhatSlurmSetsForTasksStays) {
  const auto job = Environment::from(
      {"SLURM_PROCID=1", "PMI_RANK=1", "PMIX_RANK=1", "PMIX_MCA_psec=munge", "A=job", "B=job"});
  const std::vector<Variable> wanted = {
      {"SLURM_PROCID", "9"},       {"PMI_RANK", ""}, {"PMIX_RANK", "9"}, {"PMI_X", "new"},
      {"PMIX_MCA_psec", "native"}, {"A", "file"},    {"B", "file"},      {"C", "file"}};
  EXPECT_THAT(effective_variables(wanted, {"B", "C"}, job),
              ElementsAre(Variable{"PMI_X", "new"}, Variable{"PMIX_MCA_psec", "native"},
                          Variable{"A", "file"}, Variable{"C", "file"}));
}

}  // namespace
}  // namespace pyxis
