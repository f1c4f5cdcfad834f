// The plugin's line, as Slurm would find it.
#include "doctor/plugstack.h"

#include "planted.h"

namespace pyxis::doctor {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PlugstackOf : public Planted {
 protected:
  Plugstack read() const {
    return read_plugstack(context_, plugstack_path(context_, find_slurm_conf(context_)));
  }
};

TEST_F(PlugstackOf, SlurmConfIsWhereTheEnvironmentSaysOrWhereItUsuallyIs) {
  EXPECT_EQ(find_slurm_conf(context_), "");
  write("run/slurm/conf/slurm.conf", "");
  EXPECT_EQ(find_slurm_conf(context_), "/run/slurm/conf/slurm.conf");
  write("etc/slurm/slurm.conf", "");
  EXPECT_EQ(find_slurm_conf(context_), "/etc/slurm/slurm.conf");
  context_.environment.set("SLURM_CONF", "/site/slurm.conf");
  EXPECT_EQ(find_slurm_conf(context_), "/site/slurm.conf");
}

TEST_F(PlugstackOf, ThePathIsWhatSlurmConfOrAnIncludedFileSays) {
  write("etc/slurm/slurm.conf", "ClusterName=x\n#PlugStackConfig=/no\n");
  EXPECT_EQ(plugstack_path(context_, "/etc/slurm/slurm.conf"), "/etc/slurm/plugstack.conf");
  write("etc/slurm/slurm.conf", "include more.conf\n");
  write("etc/slurm/more.conf", "plugstackconfig = /site/plugstack.conf # here\n");
  EXPECT_EQ(plugstack_path(context_, "/etc/slurm/slurm.conf"), "/site/plugstack.conf");
}

TEST_F(PlugstackOf, FilesThatIncludeThemselvesEnd) {
  write("etc/slurm/slurm.conf", "include slurm.conf\n");
  write("etc/slurm/plugstack.conf", "include plugstack.conf\nrequired /x/spank_pyxis.so\n");
  EXPECT_THAT(read().lines, ::testing::Not(IsEmpty()));
}

TEST_F(PlugstackOf, LinesOfOtherPluginsAndCommentsAreNotOurs) {
  write("etc/slurm/slurm.conf", "");
  write("etc/slurm/plugstack.conf",
        "# required /x/spank_pyxis.so\n"
        "required /x/other.so spank_pyxis.so\n"
        "optional /x/not_spank_pyxis.so\n"
        "required\n"
        "Required /x/spank_pyxis.so\n");
  EXPECT_THAT(read().lines, IsEmpty());
}

TEST_F(PlugstackOf, TheLineIsFoundWithItsWordsAlsoInIncludedFilesBesideIt) {
  write("etc/slurm/slurm.conf", "");
  write("etc/slurm/plugstack.conf", "\ninclude plugstack.conf.d/*.conf\n  optional\tspank_pyxis.so\r\n");
  write("etc/slurm/plugstack.conf.d/b.conf", "required /x/spank_pyxis.so store=user  pin_tags=node # ours\n");
  write("etc/slurm/plugstack.conf.d/b.conf~", "required /x/spank_pyxis.so\n");
  auto lines = read().lines;
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(lines[0].where(), "/etc/slurm/plugstack.conf.d/b.conf:1");
  EXPECT_TRUE(lines[0].required);
  EXPECT_EQ(lines[0].plugin, "/x/spank_pyxis.so");
  EXPECT_THAT(lines[0].words, ElementsAre("store=user", "pin_tags=node"));
  EXPECT_EQ(lines[1].where(), "/etc/slurm/plugstack.conf:3");
  EXPECT_FALSE(lines[1].required);
  EXPECT_EQ(lines[1].plugin, "spank_pyxis.so");
}

TEST_F(PlugstackOf, AFileThatCannotBeReadIsNamed) {
  write("etc/slurm/slurm.conf", "");
  EXPECT_THAT(read().unreadable, SizeIs(1));
}

TEST_F(PlugstackOf, TheSettingsAreThoseOfTheFirstLine) {
  EXPECT_FALSE(plugin_config(context_));
  write("etc/slurm/slurm.conf", "");
  write("etc/slurm/plugstack.conf", "required /x/spank_pyxis.so store=user runtime_path=/run/p\n");
  auto config = plugin_config(context_);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->store, spank::StoreKind::user);
  EXPECT_EQ(config->runtime_path, "/run/p");
  write("etc/slurm/plugstack.conf", "required /x/spank_pyxis.so bogus=1\n");
  EXPECT_FALSE(plugin_config(context_));
}

TEST_F(PlugstackOf, APluginNamedWithoutADirectoryIsLookedForInPluginDir) {
  write("etc/slurm/slurm.conf", "PluginDir=/none:/site/plugins\n");
  write("etc/slurm/plugstack.conf", "required spank_pyxis.so\n");
  EXPECT_THAT(of(check_slurm(context_), "plugin"), ElementsAre(::testing::HasSubstr("warn: ")));
  write("site/plugins/spank_pyxis.so", "no plugin");
  EXPECT_THAT(of(check_slurm(context_), "plugin's release"),
              ElementsAre(::testing::HasSubstr("fail: /site/plugins/spank_pyxis.so: no shared object")));
}

}  // namespace
}  // namespace pyxis::doctor
