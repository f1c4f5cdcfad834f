// The directories of a site's and a user's configuration.
#include "engine/configuration.h"

#include <sys/stat.h>
#include <unistd.h>

#include "../base/scratch.h"

namespace pyxis {
namespace {

using testing::code_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::text_of;

class ConfigurationDirectories : public testing::Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    settings_.sysconf_path = path("etc");
    settings_.config_path = path("home");
  }
  Result<ContainerConfiguration> read() { return read_container_configuration(settings_); }
  ContainerConfiguration configuration() {
    auto result = read();
    EXPECT_EQ(text_of(result), "");
    return result.ok() ? std::move(*result) : ContainerConfiguration{};
  }
  std::string failure() {
    auto result = read();
    return result.ok() ? "(none)" : result.error().text();
  }
  static std::vector<std::string> targets(const std::vector<MountEntry>& mounts) {
    std::vector<std::string> out;
    for (const auto& mount : mounts) out.push_back(mount.target);
    return out;
  }
  // The site's and the user's hooks, without the engine's own.
  std::vector<std::string> programs() {
    std::vector<std::string> out;
    for (const auto& hook : configuration().hooks)
      if (!hook.builtin) out.push_back(hook.program);
    return out;
  }
  // Files in place of those that every container gets its mounts from.
  void no_shipped_mounts() {
    for (const auto& file : shipped_fstabs()) link("/dev/null", "etc/mounts.d/" + std::string(file.name));
  }
  void allow(const std::string& name, mode_t mode) { ASSERT_EQ(::chmod(path(name).c_str(), mode), 0); }

  Settings settings_;
};

TEST_F(ConfigurationDirectories, WithoutAnyTheShippedMountsAreMade) {
  auto mounts = configuration();
  EXPECT_THAT(targets(mounts.early), ElementsAre("/proc", "/sys", "/dev"));
  EXPECT_THAT(targets(mounts.late),
              ElementsAre("/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/etc/machine-id"));
  EXPECT_EQ(mounts.early.front().origin, "built-in mounts.d/10-system.fstab:2");
}

TEST_F(ConfigurationDirectories, AFileOfTheSameNameReplacesTheShippedOne) {
  write("etc/mounts.d/10-system.fstab", "/proc /proc none rbind 0 -1\n");
  write("etc/mounts.d/20-config.fstab", "");
  auto mounts = configuration();
  EXPECT_THAT(targets(mounts.early), ElementsAre("/proc"));
  EXPECT_THAT(targets(mounts.late), ElementsAre());
}

TEST_F(ConfigurationDirectories, TheUsersFileOfThatNameIsOneMore) {
  write("home/mounts.d/20-config.fstab", "/mine\n");
  EXPECT_EQ(configuration().late.size(), 5u);
}

TEST_F(ConfigurationDirectories, ALinkToDevNullIsAnEmptyFile) {
  no_shipped_mounts();
  EXPECT_TRUE(configuration().early.empty());
  EXPECT_TRUE(configuration().late.empty());
}

TEST_F(ConfigurationDirectories, SiteThenUserInTheOrderOfNames) {
  no_shipped_mounts();
  write("etc/mounts.d/30-b.fstab", "/b\n/early /early none bind 0 -1\n");
  write("etc/mounts.d/15-a.fstab", "/a\n");
  write("home/mounts.d/10-c.fstab", "/c ${WHERE}\n");
  for (auto name : {".hidden.fstab", "#30-b.fstab#", "30-b.fstab~", "30-b.fstab.rpmnew", "README"})
    write(std::string("etc/mounts.d/") + name, "/no\n");
  settings_.environment.set("WHERE", "/there");
  auto mounts = configuration();
  EXPECT_THAT(targets(mounts.late), ElementsAre("/a", "/b", "/there"));
  EXPECT_THAT(targets(mounts.early), ElementsAre("/early"));
  EXPECT_EQ(mounts.early.front().origin, path("etc/mounts.d/30-b.fstab:2"));
}

TEST_F(ConfigurationDirectories, ErrorsNameFileAndLine) {
  write("home/mounts.d/x.fstab", "/a\n/a /b none bind 0 x\n");
  EXPECT_THAT(failure(), HasSubstr(path("home/mounts.d/x.fstab:2: the sixth field is no number")));
}

TEST_F(ConfigurationDirectories, VariablesOfTheUserComeAfterThoseOfTheSite) {
  write("home/environ.d/10-a.env", "A=mine\n");
  write("etc/environ.d/20-b.env", "A=site\nB=${WHERE}\n");
  write("etc/environ.d/30-c.txt", "A=no\n");
  settings_.environment.set("WHERE", "/there");
  EXPECT_THAT(configuration().environment, ElementsAre("A=site", "B=/there", "A=mine"));
  write("home/environ.d/10-a.env", "\nA\n");
  EXPECT_THAT(failure(), HasSubstr(path("home/environ.d/10-a.env:2: 'A' is not of the form")));
}

TEST_F(ConfigurationDirectories, HooksAreWhatIsExecutable) {
  for (auto name : {"etc/hooks.d/20.sh", "etc/hooks.d/10.sh", "etc/hooks.d/30.sh", "etc/hooks.d/40.bash",
                    "home/hooks.d/05.sh"}) {
    write(name, "");
    allow(name, 0755);
  }
  allow("etc/hooks.d/30.sh", 0644);
  link("/dev/null", "etc/hooks.d/50.sh");
  EXPECT_THAT(programs(),
              ElementsAre(path("etc/hooks.d/10.sh"), path("etc/hooks.d/20.sh"), path("home/hooks.d/05.sh")));
}

TEST_F(ConfigurationDirectories, TheEnginesOwnHooksHaveTheirPlaceByName) {
  for (auto name : {"etc/hooks.d/00.sh", "etc/hooks.d/60.sh", "etc/hooks.d/98-nvidia.sh",
                    "home/hooks.d/00.sh", "home/hooks.d/99-mellanox.sh"}) {
    write(name, "");
    allow(name, 0755);
  }
  write("etc/hooks.d/10-localtime.sh", "");
  link("/dev/null", "etc/hooks.d/10-devices.sh");
  std::vector<std::string> order;
  for (const auto& hook : configuration().hooks) {
    EXPECT_NE(hook.program.empty(), hook.builtin == nullptr) << hook.name;
    order.push_back((hook.builtin ? "" : "program ") + hook.name);
  }
  EXPECT_THAT(order,
              ElementsAre("program 00.sh", "10-aptfix.sh", "10-cgroups.sh", "10-home.sh", "10-shadow.sh",
                          "50-slurm-pmi.sh", "50-slurm-pytorch.sh", "program 60.sh", "program 98-nvidia.sh",
                          "99-mellanox.sh", "program 00.sh", "program 99-mellanox.sh"));
}

// tests/cli/configuration.bats has the modes that a user's own group may have.
TEST_F(ConfigurationDirectories, WhatOthersCanWriteIsRefused) {
  write("etc/mounts.d/x.fstab", "");
  for (mode_t mode : {0666u, 0646u}) {
    allow("etc/mounts.d/x.fstab", mode);
    EXPECT_EQ(code_of(read()), EPERM);
    EXPECT_THAT(failure(), HasSubstr(path("etc/mounts.d/x.fstab can be changed by other users")));
  }
  allow("etc/mounts.d/x.fstab", 0644);
  allow("etc/mounts.d", 01777);
  EXPECT_THAT(failure(), HasSubstr(path("etc/mounts.d can be changed by other users")));
}

TEST_F(ConfigurationDirectories, WhatBelongsToAnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "giving files to others needs root";
  write("etc/mounts.d/x.fstab", "");
  ASSERT_EQ(::chown(path("etc/mounts.d/x.fstab").c_str(), 12345, 0), 0);
  EXPECT_THAT(failure(), HasSubstr(path("etc/mounts.d/x.fstab belongs to another user (uid 12345)")));
}

TEST_F(ConfigurationDirectories, WhatIsNoFileIsAnError) {
  make("etc/mounts.d/x.fstab");
  EXPECT_THAT(failure(), HasSubstr(path("etc/mounts.d/x.fstab is not a regular file")));
}

}  // namespace
}  // namespace pyxis
