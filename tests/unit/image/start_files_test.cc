#include "image/start_files.h"

#include <gmock/gmock.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

namespace pyxis {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class RcScript : public testing::Test {
 protected:
  RcScript() {
    std::string name = std::filesystem::temp_directory_path() / "pyxis-rc.XXXXXX";
    directory_ = ::mkdtemp(name.data());
  }
  ~RcScript() override { std::filesystem::remove_all(directory_); }

  // What a shell prints that runs the script of this configuration.
  std::string run(const ImageConfig& config, const std::string& arguments) {
    auto path = directory_ / "rc";
    std::ofstream(path) << make_rc(config, "docker://x");
    auto command = "unset CDPATH; exec /bin/sh '" + path.string() + "' " + arguments + " 2>&1";
    std::unique_ptr<FILE, decltype(&::pclose)> shell(::popen(command.c_str(), "r"), ::pclose);
    std::string out;
    for (int c; (c = std::fgetc(shell.get())) != EOF;) out += static_cast<char>(c);
    return out;
  }

  std::filesystem::path directory_;
};

TEST_F(RcScript, BeginsWithWhereTheImageIsFrom) {
  EXPECT_THAT(make_rc({}, "docker://debian:trixie"),
              StartsWith("# enroot-provenance: docker://debian:trixie\n"));
  EXPECT_THAT(make_rc({}, "a\nrm -rf /"), StartsWith("# enroot-provenance: a\\x0arm -rf /\n"));
}

TEST_F(RcScript, LabelsAreComments) {
  ImageConfig config;
  config.labels = {{"maintainer", "somebody"}, {"evil", "x\ntouch /tmp/evil"}};
  auto rc = make_rc(config, "x");
  EXPECT_THAT(rc, HasSubstr("\n# maintainer=somebody\n"));
  EXPECT_THAT(rc, HasSubstr("\n# evil=x\\x0atouch /tmp/evil\n"));
}

TEST_F(RcScript, MakesAndEntersTheWorkingDirectory) {
  ImageConfig config;
  config.working_dir = directory_ / "it's/made $HOME";
  EXPECT_EQ(run(config, "pwd"), config.working_dir + "\n");
  EXPECT_TRUE(std::filesystem::is_directory(config.working_dir));
}

TEST_F(RcScript, TheEntryPointGetsTheArgumentsOrTheDefaultCommand) {
  ImageConfig config;
  config.entrypoint = {"/bin/echo", "entry '$1'"};
  config.cmd = {"by", "default *"};
  EXPECT_EQ(run(config, "one 'two  three'"), "entry '$1' one two  three\n");
  EXPECT_EQ(run(config, ""), "entry '$1' by default *\n");
  config.entrypoint.clear();
  config.cmd.insert(config.cmd.begin(), "/bin/echo");
  EXPECT_EQ(run(config, "/bin/echo mine"), "mine\n");
  EXPECT_EQ(run(config, ""), "by default *\n");
  std::ofstream(directory_ / "input") << "echo a shell\n";
  EXPECT_EQ(run({}, "<'" + (directory_ / "input").string() + "'"), "a shell\n");
  EXPECT_THAT(make_rc({}, "x"), HasSubstr("exec '/bin/sh'\n"));
}

TEST_F(RcScript, ReadsRcLocalIfThatIsNotEmpty) {
  EXPECT_THAT(make_rc({}, "x"), HasSubstr("if [ -s /etc/rc.local ]; then\n    . /etc/rc.local\nfi\n"));
}

TEST_F(RcScript, IsKnownAgainUnlessSomebodyHasChangedIt) {
  ImageConfig config;
  config.cmd = {"true"};
  EXPECT_TRUE(made_from(config, make_rc(config, "docker://a")));
  EXPECT_TRUE(made_from(config, make_rc(config, "docker://b")));
  EXPECT_FALSE(made_from(config, make_rc(config, "docker://a") + "\n"));
  EXPECT_FALSE(made_from({}, make_rc(config, "docker://a")));
  EXPECT_FALSE(made_from(config, ""));
}

TEST(ImageFstab, HasAFileSystemForEachVolume) {
  ImageConfig config;
  config.volumes = {"/", "/data", "relative", "/with blank#"};
  EXPECT_EQ(make_fstab(config),
            "tmpfs /data tmpfs x-create=dir,rw,nosuid,nodev\n"
            "tmpfs /relative tmpfs x-create=dir,rw,nosuid,nodev\n"
            "tmpfs /with\\040blank\\043 tmpfs x-create=dir,rw,nosuid,nodev\n");
  EXPECT_EQ(make_fstab({}), "");
}

TEST(ImageEnvironment, HasTheImagesVariables) {
  ImageConfig config;
  config.env = {"PATH=/bin",  "EMPTY=",     "SPACES=a  b ", "QUOTED=\"x\"",
                "LINES=1\n2", "ENROOT_X=1", "DOLLAR=$HOME"};
  auto text = make_environment(config);
  EXPECT_THAT(text, StartsWith("PATH=/bin\nEMPTY=\nSPACES=\"a  b \"\nQUOTED=\"\"x\"\"\n"));
  EXPECT_THAT(text, Not(HasSubstr("LINES")));
  EXPECT_THAT(text, Not(HasSubstr("ENROOT_X")));
  EXPECT_THAT(text, HasSubstr("DOLLAR=$HOME\n"));
}

}  // namespace
}  // namespace pyxis
