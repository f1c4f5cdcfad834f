#include "spank/config.h"

#include <gmock/gmock.h>

namespace pyxis::spank {
namespace {

using ::testing::HasSubstr;

std::string problem(const std::vector<std::string>& words) {
  auto config = parse_config(words);
  return config.ok() ? "" : config.error().text();
}

TEST(Config, DefaultsAreTheDocumentedOnes) {
  auto config = parse_config({});
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->runtime_path, "/run/pyxis");
  EXPECT_FALSE(config->execute_entrypoint);
  EXPECT_EQ(config->container_scope, Scope::global);
  EXPECT_TRUE(config->sbatch_support);
  EXPECT_EQ(config->engine, EngineKind::pyxis);
  EXPECT_FALSE(config->use_enroot_load);
  EXPECT_FALSE(config->use_squashfuse);
  EXPECT_EQ(config->importer, "");
  EXPECT_EQ(config->store, StoreKind::system);
  EXPECT_EQ(config->entitlement, "reachable");
  EXPECT_EQ(config->store_limit, "80%");
  EXPECT_EQ(config->http_registries, "");
  EXPECT_TRUE(config->devices.empty());
  EXPECT_THAT(config->pyxis_path, HasSubstr("/bin/pyxis"));
}

TEST(Config, DevicesAreAListAndTheValueMayHaveAnEqualsSign) {
  auto config = parse_config({"devices=nvidia.com/gpu=slurm,vendor.com/net=0"});
  ASSERT_TRUE(config.ok()) << config.error().text();
  EXPECT_THAT(config->devices, ::testing::ElementsAre("nvidia.com/gpu=slurm", "vendor.com/net=0"));
  EXPECT_THAT(problem({"devices=gpu"}), HasSubstr("plugstack.conf: devices: device \"gpu\""));
  EXPECT_THAT(problem({"devices=nvidia.com/gpu=slurm", "engine=enroot"}),
              HasSubstr("enroot knows no devices"));
}

TEST(Config, ReadsEveryKey) {
  auto config = parse_config({"runtime_path=/var/p/", "execute_entrypoint=yes", "container_scope=job",
                              "sbatch_support=n", "use_enroot_load=1", "use_squashfuse=true",
                              "pyxis_path=/opt/pyxis", "engine=enroot", "enroot_path=/opt/enroot",
                              "importer=/opt/importer", "store=user", "entitlement=always",
                              "store_limit=500G", "image_refresh=600", "http_registries=a:5000,b"});
  ASSERT_TRUE(config.ok()) << config.error().text();
  EXPECT_EQ(config->runtime_path, "/var/p");
  EXPECT_TRUE(config->execute_entrypoint);
  EXPECT_EQ(config->container_scope, Scope::job);
  EXPECT_FALSE(config->sbatch_support);
  EXPECT_EQ(config->pyxis_path, "/opt/pyxis");
  EXPECT_EQ(config->engine, EngineKind::enroot);
  EXPECT_EQ(config->enroot_path, "/opt/enroot");
  EXPECT_TRUE(config->use_enroot_load);
  EXPECT_TRUE(config->use_squashfuse);
  EXPECT_EQ(config->importer, "/opt/importer");
  EXPECT_EQ(config->store, StoreKind::user);
  EXPECT_EQ(config->entitlement, "always");
  EXPECT_EQ(config->image_good_for, 600u);
  EXPECT_EQ(config->store_limit, "500G");
  EXPECT_EQ(config->http_registries, "a:5000,b");
}

TEST(Config, BooleansAreThoseOfTheTable) {
  for (const char* yes : {"1", "true", "yes", "y"})
    EXPECT_TRUE(parse_config({std::string("execute_entrypoint=") + yes})->execute_entrypoint) << yes;
  for (const char* no : {"0", "false", "no", "n"})
    EXPECT_FALSE(parse_config({std::string("sbatch_support=") + no})->sbatch_support) << no;
  for (const char* key : {"execute_entrypoint", "sbatch_support", "use_enroot_load", "use_squashfuse"})
    EXPECT_THAT(problem({std::string(key) + "=2"}), HasSubstr(std::string(key) + ": invalid value \"2\""));
}

TEST(Config, NamesWhatItRefuses) {
  EXPECT_THAT(problem({"runtime_pat=/x"}),
              HasSubstr("unknown key \"runtime_pat\"; did you mean 'runtime_path'?"));
  EXPECT_THAT(problem({"containers=yes"}), HasSubstr("unknown key \"containers\"; pyxis.conf(5)"));
  EXPECT_THAT(problem({"runtime_path=x"}), HasSubstr("runtime_path: invalid value \"x\""));
  EXPECT_THAT(problem({"runtime_path=/"}), HasSubstr("runtime_path"));
  EXPECT_THAT(problem({"store=node"}), HasSubstr("store: invalid value \"node\""));
  EXPECT_EQ(parse_config({"image_refresh=never"})->image_good_for, UINT64_MAX);
  EXPECT_EQ(parse_config({"image_refresh=always"})->image_good_for, 0u);
  EXPECT_FALSE(parse_config({"pin_tags=node"})->pin_tags_for_job);
  EXPECT_TRUE(parse_config({"pin_tags=job"})->pin_tags_for_job);
  EXPECT_FALSE(parse_config({"pin_tags=0"}).ok());
  EXPECT_THAT(problem({"image_refresh=often"}), HasSubstr("image_refresh: invalid value"));
  EXPECT_THAT(problem({"entitlement=sometimes"}), HasSubstr("entitlement: invalid value"));
  for (const char* limit : {"", "G", "5X", "-1", "80%%", "1e3"})
    EXPECT_THAT(problem({std::string("store_limit=") + limit}), HasSubstr("store_limit: invalid value"))
        << limit;
  for (const char* limit : {"none", "80%", "500G", "1048576"})
    EXPECT_EQ(problem({std::string("store_limit=") + limit}), "");
  EXPECT_THAT(problem({"sbatch_support=maybe"}), HasSubstr("sbatch_support: invalid value \"maybe\""));
  EXPECT_THAT(problem({"container_scope=node"}), HasSubstr("container_scope"));
  EXPECT_THAT(problem({"standalone"}), HasSubstr("\"standalone\" is not of the form key=value"));
  EXPECT_THAT(problem({"engine=podman"}), HasSubstr("engine: invalid value \"podman\""));
  EXPECT_THAT(problem({"importer=x"}), HasSubstr("importer: invalid value \"x\""));
  EXPECT_THAT(problem({"enroot_path="}), HasSubstr("enroot_path: invalid value \"\""));
}

}  // namespace
}  // namespace pyxis::spank
