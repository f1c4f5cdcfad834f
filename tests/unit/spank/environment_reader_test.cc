#include "spank/environment_reader.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "temporary.h"

namespace pyxis::spank {
namespace {

using ::testing::HasSubstr;

// Asks an engine that is this script.
class Reader : public ::testing::Test {
 protected:
  Result<EnvironmentFile> ask(const std::string& script, const std::string& argument = "work") {
    config.pyxis_path = top.path() + "/pyxis";
    EXPECT_TRUE(write_file(AT_FDCWD, config.pyxis_path, "#!/bin/sh\n" + script + "\n", 0755).ok());
    return read_environment(config, argument, {"PATH=/usr/bin:/bin", "MINE=yes"});
  }
  std::string problem(const std::string& script, const std::string& argument = "work") {
    auto file = ask(script, argument);
    return file.ok() ? "" : file.error().text();
  }
  Temporary top;
  Config config;
};

TEST_F(Reader, AsksTheEngineWithTheUsersEnvironment) {
  auto file = ask(R"(printf '%s' "argument=$3;image=$1-$2;env=MINE=$MINE")");
  ASSERT_TRUE(file.ok()) << file.error().text();
  EXPECT_EQ(file->argument, "work");
  EXPECT_EQ(file->image, "step-environment");
  EXPECT_EQ(file->variables, (std::vector<EnvironmentFile::Variable>{{"MINE", "yes"}}));
}

TEST_F(Reader, WhatIsWrongWithTheFileIsTheError) {
  EXPECT_EQ(problem("echo /x.toml:1:1: bad; exit 1"), "--environment=work: /x.toml:1:1: bad");
  EXPECT_EQ(problem("echo one; echo two; exit 1"), "--environment=work:\none\ntwo");
  EXPECT_EQ(problem("exit 1", "a\x1b"),
            "--environment=a\\x1b: " + config.pyxis_path + " exited with status 1");
}

TEST_F(Reader, AnswersThatAreNoneAreRefused) {
  EXPECT_THAT(problem("echo what"), HasSubstr("--environment=work: answer of "));
  EXPECT_THAT(problem("kill -9 $$"), HasSubstr("killed by signal 9"));
  EXPECT_THAT(problem("head -c 2000000 /dev/zero"), HasSubstr("answer of "));
}

TEST_F(Reader, WithoutAnEngineItSaysWhatIsMissing) {
  config.pyxis_path = top.path() + "/none";
  auto file = read_environment(config, "work", {});
  ASSERT_FALSE(file.ok());
  EXPECT_THAT(file.error().text(),
              HasSubstr("--environment=work: the engine reads such files, and it cannot be run here"));
  EXPECT_THAT(file.error().text(), HasSubstr(top.path() + "/none: No such file or directory"));
  EXPECT_THAT(file.error().text(), HasSubstr("pyxis_path in plugstack.conf"));
}

}  // namespace
}  // namespace pyxis::spank
