#include "spank/client.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "fake_slurm.h"

namespace pyxis::spank {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

size_t registered_in(Context context, bool sbatch_support) {
  FakeSlurm slurm;
  slurm.where = context;
  Config config;
  config.sbatch_support = sbatch_support;
  EXPECT_TRUE(register_options(slurm, config).ok());
  return slurm.registered.size();
}

TEST(RegisterOptions, WhereTheyBelong) {
  EXPECT_EQ(registered_in(Context::local, true), option_rows().size());
  EXPECT_EQ(registered_in(Context::local, false), option_rows().size());
  EXPECT_EQ(registered_in(Context::remote, false), option_rows().size());
  EXPECT_EQ(registered_in(Context::allocator, true), option_rows().size());
  EXPECT_EQ(registered_in(Context::allocator, false), 0u);
  EXPECT_EQ(registered_in(Context::slurmd, true), 0u);
  EXPECT_EQ(registered_in(Context::job_script, true), 0u);
}

TEST(Client, LeavesTheOutcomeForTheNode) {
  FakeSlurm slurm;
  FakeVariables variables;
  variables.env = Environment::from({"PYXIS_CONTAINER_WORKDIR=/w", "SLURM_PYXIS_CONTAINER_NAME=stale",
                                     "_SLURM_SPANK_OPTION_pyxis_container_mounts=/of/salloc"});
  GivenOptions given;
  ASSERT_TRUE(given.give(OptionId::image, "a").ok());
  EXPECT_EQ(check_client_options(slurm, {}, given, variables, true), 0);
  EXPECT_EQ(variables.env.get("SLURM_PYXIS_DECIDED"), "1");
  EXPECT_EQ(variables.env.get("SLURM_PYXIS_CONTAINER_IMAGE"), "a");
  EXPECT_EQ(variables.env.get("SLURM_PYXIS_CONTAINER_WORKDIR"), "/w");
  EXPECT_EQ(variables.env.get("SLURM_PYXIS_CONTAINER_MOUNTS"), "/of/salloc");
  EXPECT_EQ(variables.env.get("SLURM_PYXIS_CONTAINER_NAME"), std::nullopt);
  EXPECT_THAT(slurm.said, IsEmpty());
}

TEST(Client, FailsOnWhatTheEnvironmentHolds) {
  FakeSlurm slurm;
  FakeVariables variables;
  variables.env = Environment::from({"PYXIS_CONTAINER_NAME=a/b"});
  EXPECT_EQ(check_client_options(slurm, {}, {}, variables, true), -1);
  ASSERT_THAT(slurm.errors, SizeIs(1));
  EXPECT_THAT(slurm.errors[0], HasSubstr("pyxis: PYXIS_CONTAINER_NAME: --container-name"));
}

TEST(Client, SaysWhatItIgnores) {
  FakeSlurm slurm;
  FakeVariables variables;
  GivenOptions given;
  ASSERT_TRUE(given.give(OptionId::mounts, "/a").ok());
  EXPECT_EQ(check_client_options(slurm, {}, given, variables, true), 0);
  EXPECT_THAT(slurm.said,
              ElementsAre("pyxis: ignoring --container-mounts because neither --container-image nor "
                          "--container-name is set"));
}

}  // namespace
}  // namespace pyxis::spank
