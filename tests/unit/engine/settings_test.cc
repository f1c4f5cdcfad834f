#include "engine/settings.h"

#include <sys/stat.h>

#include "../base/scratch.h"

namespace pyxis {
namespace {

using ::testing::HasSubstr;
using testing::text_of;

class SettingsFiles : public testing::Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    make("etc");
    environment_.set("ENROOT_SYSCONF_PATH", path("etc"));
    environment_.set("HOME", "/home/alice");
  }
  Result<Settings> load() { return load_settings(environment_); }
  Settings loaded() {
    auto settings = load();
    EXPECT_EQ(text_of(settings), "");
    return settings.ok() ? std::move(*settings) : Settings{};
  }
  void conf(const std::string& text) { write("etc/enroot.conf", text); }
  // What the file makes of one value.
  std::string value(const std::string& text) {
    conf("ENROOT_TEST " + text + "\n");
    return loaded().environment.get("ENROOT_TEST").value_or("(unset)");
  }
  std::string failure(const std::string& text) {
    conf(text);
    auto settings = load();
    return settings.ok() ? "(none)" : settings.error().text();
  }

  Environment environment_;
};

TEST_F(SettingsFiles, AreNotNeeded) {
  auto settings = loaded();
  EXPECT_EQ(settings.sysconf_path, path("etc"));
  EXPECT_EQ(settings.config_path, "/home/alice/.config/enroot");
  EXPECT_EQ(settings.data_path, "/home/alice/.local/share/pyxis");
  EXPECT_FALSE(settings.allow_http || settings.rootfs_writable || settings.remap_root ||
               settings.mount_home || settings.allow_superuser || settings.rootfs_writable_set);
  EXPECT_GE(settings.max_processors, 1u);
  EXPECT_EQ(settings.max_connections, 10u);
  EXPECT_EQ(settings.connect_timeout.count(), 30);
  EXPECT_EQ(settings.transfer_timeout.count(), 0);
  EXPECT_EQ(settings.transfer_retries, 0u);
}

TEST_F(SettingsFiles, XdgMovesTheDefaults) {
  environment_.set("XDG_CONFIG_HOME", "/config");
  environment_.set("XDG_DATA_HOME", "/data");
  auto settings = loaded();
  EXPECT_EQ(settings.config_path, "/config/enroot");
  EXPECT_EQ(settings.data_path, "/data/pyxis");
  environment_.set("XDG_CACHE_HOME", "/cache");
  EXPECT_EQ(loaded().cache_path, "");  // beside the containers
  environment_.set("ENROOT_DATA_PATH", "/mine");
  environment_.set("ENROOT_RUNTIME_PATH", "/run/mine");
  EXPECT_EQ(loaded().data_path, "/mine");
  EXPECT_EQ(loaded().runtime_path, "/run/mine");
}

TEST_F(SettingsFiles, TheRuntimeDirectoryIsTheStepsOrTheSessions) {
  auto uid = std::to_string(::getuid());
  struct stat info;
  bool steps = ::lstat(("/run/pyxis/" + uid).c_str(), &info) == 0 && info.st_uid == ::getuid();
  environment_.set("XDG_RUNTIME_DIR", "/run/user/mine");
  EXPECT_EQ(loaded().runtime_path, steps ? "/run/pyxis/" + uid : "/run/user/mine/enroot");
  environment_.unset("XDG_RUNTIME_DIR");
  EXPECT_EQ(loaded().runtime_path, steps ? "/run/pyxis/" + uid : "/tmp/pyxis-" + uid);
}

TEST_F(SettingsFiles, KeysAndValuesAreSeparatedByBlanksOrEquals) {
  conf(
      "# comment\n\n  ENROOT_A one two  \r\nENROOT_B=two\nENROOT_C = "
      "three\n\tENROOT_D\tfour\nENROOT_E=\nENROOT_F\nENROOT_G=a=b");
  auto settings = loaded();
  auto get = [&](const char* name) { return settings.environment.get(name).value_or("(unset)"); };
  EXPECT_EQ(get("ENROOT_A"), "one two");
  EXPECT_EQ(get("ENROOT_B"), "two");
  EXPECT_EQ(get("ENROOT_C"), "three");
  EXPECT_EQ(get("ENROOT_D"), "four");
  EXPECT_EQ(get("ENROOT_E"), "");
  EXPECT_EQ(get("ENROOT_F"), "");
  EXPECT_EQ(get("ENROOT_G"), "a=b");
}

TEST_F(SettingsFiles, OneSurroundingPairOfQuotesIsRemoved) {
  EXPECT_EQ(value("\"a b\""), "a b");
  EXPECT_EQ(value("'a b'"), "a b");
  EXPECT_EQ(value("\"a' b"), "\"a' b");
  EXPECT_EQ(value("\"'a'\""), "'a'");
  EXPECT_EQ(value("\""), "\"");
  EXPECT_EQ(value("\"\""), "");
}

TEST_F(SettingsFiles, VariablesAreExpanded) {
  environment_.set("WHO", "alice");
  EXPECT_EQ(value("/x/${WHO}/$WHO.d"), "/x/alice/alice.d");
  EXPECT_EQ(value("[${ABSENT}]"), "[]");
  EXPECT_EQ(value("5$ $ ${ ${WHO $"), "5$ $ ${ ${WHO $");
  conf("ENROOT_A /base\nENROOT_B ${ENROOT_A}/below\n");
  EXPECT_EQ(loaded().environment.get("ENROOT_B"), "/base/below");
}

TEST_F(SettingsFiles, CommandsAreExpanded) {
  environment_.set("WHO", "alice");
  EXPECT_EQ(value("/x/$(echo \"$WHO\" | tr a-z A-Z)/${WHO}"), "/x/ALICE/alice");
  EXPECT_EQ(value("$(printf 'a\\nb\\n\\n')"), "a\nb");
  environment_.set("PATH", path("nowhere"));
  EXPECT_EQ(value("$(echo built-in)"), "built-in");
  EXPECT_EQ(value("/x$(false)"), "/x");
  EXPECT_THAT(failure("ENROOT_DATA_PATH /x/$(no-such-command)\n"),
              HasSubstr(path("etc/enroot.conf:1: expanding '/x/$(no-such-command)': the shell ")));
}

TEST_F(SettingsFiles, ErrorsNameFileAndLine) {
  EXPECT_THAT(failure("ENROOT_A 1\n\nLD_PRELOAD /x\n"),
              HasSubstr(path("etc/enroot.conf:3: 'LD_PRELOAD' is not a setting")));
  EXPECT_THAT(failure("=x\n"), HasSubstr("enroot.conf:1"));
  EXPECT_THAT(failure("\nENROOT_A $(unfinished\n"), HasSubstr(path("etc/enroot.conf:2")));
  EXPECT_THAT(failure("\nENROOT_REMAP_ROOT maybe\n"),
              HasSubstr(path("etc/enroot.conf:2: ENROOT_REMAP_ROOT: 'maybe' is neither yes nor no")));
  EXPECT_THAT(failure("ENROOT_MAX_CONNECTIONS many\n"), HasSubstr(path("etc/enroot.conf:1: ENROOT_MAX_")));
  environment_.set("ENROOT_REMAP_ROOT", "perhaps");
  EXPECT_THAT(failure("ENROOT_REMAP_ROOT maybe\n"), ::testing::StartsWith("ENROOT_REMAP_ROOT: 'perhaps'"));
}

TEST_F(SettingsFiles, KnownNamesAreThoseOfTheSpecification) {
  conf("MELLANOX_X 1\nNVIDIA_X 2\nSSL_CERT_DIR 3\nhttps_proxy 4\nNO_PROXY 5\nall_proxy 6\n");
  auto environment = loaded().environment;
  for (auto [name, text] : {std::pair{"MELLANOX_X", "1"},
                            {"NVIDIA_X", "2"},
                            {"SSL_CERT_DIR", "3"},
                            {"https_proxy", "4"},
                            {"NO_PROXY", "5"},
                            {"all_proxy", "6"}})
    EXPECT_EQ(environment.get(name), text);
}

TEST_F(SettingsFiles, TheEnvironmentWins) {
  conf("ENROOT_DATA_PATH /file\nENROOT_TRANSFER_RETRIES 3\nENROOT_A $(touch " + path("ran") + ")\n");
  environment_.set("ENROOT_DATA_PATH", "/environment");
  environment_.set("ENROOT_A", "given");
  auto settings = loaded();
  EXPECT_EQ(settings.data_path, "/environment");
  EXPECT_EQ(settings.transfer_retries, 3u);
  EXPECT_FALSE(exists("ran"));
}

TEST_F(SettingsFiles, OfTheDirectoryComeInOrderAndAfterTheFile) {
  conf("ENROOT_A file\nENROOT_B file\nENROOT_C file\n");
  write("etc/enroot.conf.d/20-b.conf", "ENROOT_B 20\n");
  write("etc/enroot.conf.d/10-a.conf", "ENROOT_A 10\nENROOT_B 10\n");
  write("etc/enroot.conf.d/30-c.conf.rpmsave", "ENROOT_C 30\n");
  auto environment = loaded().environment;
  EXPECT_EQ(environment.get("ENROOT_A"), "10");
  EXPECT_EQ(environment.get("ENROOT_B"), "20");
  EXPECT_EQ(environment.get("ENROOT_C"), "file");
  write("etc/enroot.conf.d/40-bad.conf", "\nnonsense\n");
  EXPECT_THAT(text_of(load()), HasSubstr(path("etc/enroot.conf.d/40-bad.conf:2")));
}

// Their commands are run as the user.
TEST_F(SettingsFiles, ThatOthersCanWriteAreRefused) {
  conf("ENROOT_A $(touch " + path("ran") + ")\n");
  ASSERT_EQ(::chmod(path("etc/enroot.conf").c_str(), 0666), 0);
  EXPECT_THAT(text_of(load()), HasSubstr(path("etc/enroot.conf") + " can be changed by other users"));
  EXPECT_FALSE(exists("ran"));
  ASSERT_EQ(::chmod(path("etc/enroot.conf").c_str(), 0644), 0);
  write("etc/enroot.conf.d/10-a.conf", "ENROOT_B 1\n");
  ASSERT_EQ(::chmod(path("etc/enroot.conf.d").c_str(), 0777), 0);
  EXPECT_THAT(text_of(load()), HasSubstr(path("etc/enroot.conf.d") + " can be changed by other users"));
}

TEST_F(SettingsFiles, FlagsAreSwitched) {
  for (std::string word : {"yes", "y", "true", "1", "on"}) {
    environment_.set("ENROOT_REMAP_ROOT", word);
    EXPECT_TRUE(loaded().remap_root) << word;
  }
  for (std::string word : {"no", "n", "false", "f", "0", ""}) {
    environment_.set("ENROOT_REMAP_ROOT", word);
    EXPECT_FALSE(loaded().remap_root) << word;
  }
  environment_.set("ENROOT_REMAP_ROOT", "perhaps");
  EXPECT_THAT(text_of(load()), HasSubstr("ENROOT_REMAP_ROOT: 'perhaps'"));
}

TEST_F(SettingsFiles, FlagsComeFromTheFile) {
  conf(
      "ENROOT_ALLOW_HTTP yes\nENROOT_MOUNT_HOME y\nENROOT_ALLOW_SUPERUSER true\nENROOT_ROOTFS_WRITABLE no\n");
  auto settings = loaded();
  EXPECT_TRUE(settings.allow_http && settings.mount_home && settings.allow_superuser);
  EXPECT_FALSE(settings.rootfs_writable);
  EXPECT_TRUE(settings.rootfs_writable_set);
}

TEST_F(SettingsFiles, AnEmptyFlagSaysNothing) {
  conf("ENROOT_ROOTFS_WRITABLE\n");
  EXPECT_FALSE(loaded().rootfs_writable_set);
}

TEST_F(SettingsFiles, NumbersAreRead) {
  conf(
      "ENROOT_MAX_PROCESSORS 3\nENROOT_MAX_CONNECTIONS 0\nENROOT_CONNECT_TIMEOUT 5\nENROOT_TRANSFER_TIMEOUT "
      "7\n");
  auto settings = loaded();
  EXPECT_EQ(settings.max_processors, 3u);
  EXPECT_EQ(settings.max_connections, 1u);  // none would never end
  EXPECT_EQ(settings.connect_timeout.count(), 5);
  EXPECT_EQ(settings.transfer_timeout.count(), 7);
  for (std::string text : {"-1", "3x", "4294967296", "1.5"})
    EXPECT_THAT(failure("ENROOT_TRANSFER_RETRIES " + text), HasSubstr("ENROOT_TRANSFER_RETRIES: '" + text))
        << text;
}

TEST_F(SettingsFiles, NoProcessorsIsOne) {
  conf("ENROOT_MAX_PROCESSORS 0\n");
  EXPECT_GE(loaded().max_processors, 1u);
}

TEST(CurrentAccount, TakesTheHomeOfTheEnvironment) {
  auto account = current_account(Environment::from({"HOME=/elsewhere"}));
  EXPECT_EQ(account.uid, ::getuid());
  EXPECT_EQ(account.gid, ::getgid());
  EXPECT_EQ(account.home, "/elsewhere");
}

TEST(CurrentAccount, WithoutAnEntryIsNamedByTheEnvironment) {
  if (::geteuid() != 0) return;  // needs an id that no database knows
  testing::in_child([] {
    ASSERT_EQ(::setresgid(3'999'999, 3'999'999, 3'999'999), 0);
    ASSERT_EQ(::setresuid(3'999'999, 3'999'999, 3'999'999), 0);
    auto named = current_account(Environment::from({"USER=carol"})), unnamed = current_account({});
    EXPECT_EQ(named.name, "carol");
    EXPECT_EQ(unnamed.name, "3999999");
    EXPECT_EQ(unnamed.group, "3999999");
    EXPECT_EQ(unnamed.home, "/");
  });
}

}  // namespace
}  // namespace pyxis
