#include "base/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace pyxis {
namespace {

using ::testing::ElementsAre;

TEST(Environment, ComesFromLines) {
  auto environment = Environment::from({"B=2", "A=1", "A=3=x", "no value", "=nameless", "EMPTY="});
  EXPECT_THAT(environment.lines(), ElementsAre("A=3=x", "B=2", "EMPTY="));
}

TEST(Environment, EmptyIsSetButCountsAsAbsentForDefaults) {
  auto environment = Environment::from({"EMPTY="});
  EXPECT_TRUE(environment.has("EMPTY"));
  EXPECT_EQ(environment.get("EMPTY"), "");
  EXPECT_EQ(environment.get_or("EMPTY", "default"), "default");
  EXPECT_FALSE(environment.has("ABSENT"));
  EXPECT_EQ(environment.get("ABSENT"), std::nullopt);
  EXPECT_EQ(environment.get_or("ABSENT", "default"), "default");
}

TEST(Environment, IsChangedByName) {
  Environment environment;
  environment.set("A", "1");
  environment.set("A", "2");
  environment.set("B", "3");
  environment.unset("B");
  environment.unset("never there");
  EXPECT_THAT(environment.lines(), ElementsAre("A=2"));
}

TEST(Environment, CapturesTheProcess) {
  ASSERT_EQ(::setenv("PYXIS_TEST_CAPTURED", "a=b", 1), 0);
  EXPECT_EQ(Environment::capture().get("PYXIS_TEST_CAPTURED"), "a=b");
  ASSERT_EQ(::unsetenv("PYXIS_TEST_CAPTURED"), 0);
  EXPECT_FALSE(Environment::capture().has("PYXIS_TEST_CAPTURED"));
}

}  // namespace
}  // namespace pyxis
