#include "spank/tag_for_job.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "fake_slurm.h"

namespace pyxis::spank {
namespace {

// What srun leaves for the nodes where the engine is `program`.
std::optional<std::string> left_for_nodes(const std::string& program, uint32_t nodes, Config config = {},
                                          bool on_node = true) {
  FakeSlurm slurm;
  slurm.numbers[Item::nodes] = nodes;
  FakeVariables variables;
  variables.env =
      Environment::from({"SLURM_PYXIS_CONTAINER_IMAGE=a:b", "SLURM_PYXIS_IMAGE_DIGEST=stale a:b"});
  if (on_node) variables.env.set("SLURMD_NODENAME", "n1");
  config.pyxis_path = program;
  find_tag_for_job(slurm, config, variables, {});
  return variables.env.get(digest_variable);
}

TEST(TagForJob, IsWhatTheEngineSays) {
  // echo prints its arguments: "step resolve JOB DIRECTORY IMAGE"
  auto said = "step resolve 7 /run/pyxis/" + std::to_string(::getuid()) + " a:b a:b";
  EXPECT_EQ(left_for_nodes("/bin/echo", 2), said);
  // Elsewhere nothing would remove what is noted for job 7.
  said.replace(said.find('7'), 1, "0");
  EXPECT_EQ(left_for_nodes("/bin/echo", 2, {}, false), said);
}

TEST(TagForJob, IsNothingWithoutAnAnswer) {
  EXPECT_EQ(left_for_nodes("/bin/false", 2), std::nullopt);
  EXPECT_EQ(left_for_nodes("/bin/true", 2), std::nullopt);
  EXPECT_EQ(left_for_nodes("/nonexistent", 2), std::nullopt);
}

TEST(TagForJob, SaysWhereItCouldNotBeFoundOut) {
  for (const auto& [program, said] : {std::pair("/bin/false", true), std::pair("/bin/true", false)}) {
    FakeSlurm slurm;
    slurm.numbers[Item::nodes] = 2;
    FakeVariables variables;
    variables.env = Environment::from({"SLURM_PYXIS_CONTAINER_IMAGE=a:b"});
    Config config;
    config.pyxis_path = program;
    find_tag_for_job(slurm, config, variables, {});
    EXPECT_EQ(slurm.said.size(), said ? 1u : 0u) << program;
  }
}

TEST(TagForJob, IsNotAskedForWhereNobodyWantsIt) {
  EXPECT_EQ(left_for_nodes("/bin/echo", 1), std::nullopt);
  Config config;
  config.pin_tags_for_job = false;
  EXPECT_EQ(left_for_nodes("/bin/echo", 2, config), std::nullopt);
  config = {};
  config.image_good_for = 600;
  EXPECT_EQ(left_for_nodes("/bin/echo", 2, config), std::nullopt);
  config = {};
  config.importer = "/bin/importer";
  EXPECT_EQ(left_for_nodes("/bin/echo", 2, config), std::nullopt);
  config = {};
  config.engine = EngineKind::enroot;
  EXPECT_EQ(left_for_nodes("/bin/echo", 2, config), std::nullopt);
}

TEST(TagForJob, CountsForItsImageOnly) {
  EXPECT_EQ(digest_from_client("sha256:1 a:b", "a:b"), "sha256:1");
  EXPECT_EQ(digest_from_client("sha256:1 a:b", "a:c"), "");
  EXPECT_EQ(digest_from_client("sha256:1", "sha256:1"), "");
  EXPECT_EQ(digest_from_client("", ""), "");
}

}  // namespace
}  // namespace pyxis::spank
