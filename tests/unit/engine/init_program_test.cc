// What a container starts with, by what is in its root file system.
#include "engine/init_program.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "../base/scratch.h"
#include "base/fs.h"

namespace pyxis {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::text_of;

class Init : public testing::Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    make("bin");
    make("etc");
    config_.image.entrypoint = {"/entry", "-x"};
    config_.image.cmd = {"default", "a b"};
    request_.login_shell = false;
  }
  void shell() {
    write("bin/sh", "x");
    ASSERT_EQ(::chmod(path("bin/sh").c_str(), 0755), 0);
  }
  Result<InitProgram> find() {
    auto root = open_path(path("."), O_PATH | O_DIRECTORY);
    EXPECT_TRUE(root.ok());
    return find_init_program(config_, request_, root->get());
  }
  InitProgram found() {
    auto init = find();
    EXPECT_EQ(text_of(init), "");
    return init.ok() ? *init : InitProgram{};
  }

  ContainerConfig config_;
  InitRequest request_;
};

TEST_F(Init, TheEntryPointGetsTheCommandOrTheDefault) {
  auto init = found();
  EXPECT_EQ(init.program, "");
  EXPECT_EQ(init.name, "/entry");
  EXPECT_THAT(init.argv, ElementsAre("/entry", "-x", "default", "a b"));
  request_.command = {"mine", ""};
  EXPECT_THAT(found().argv, ElementsAre("/entry", "-x", "mine", ""));
  config_.image.entrypoint.clear();
  EXPECT_THAT(found().argv, ElementsAre("mine", ""));
  EXPECT_EQ(found().name, "");
}

TEST_F(Init, WithNothingItIsAShell) {
  config_ = {};
  EXPECT_EQ(found().program, "/bin/sh");
  EXPECT_THAT(found().argv, ElementsAre("sh"));
  request_.login_shell = true;
  EXPECT_THAT(found().argv, ElementsAre("-sh"));
}

TEST_F(Init, AShellRunsOnlyWhereSomethingIsWrittenForOne) {
  shell();
  EXPECT_EQ(found().program, "");
  request_.login_shell = true;
  EXPECT_EQ(found().program, "") << "no profile";
  write("etc/profile", "export A=1\n");
  auto login = found();
  EXPECT_EQ(login.program, "/bin/sh");
  EXPECT_THAT(login.argv, Contains("-sh"));
  EXPECT_THAT(login.argv, Contains(HasSubstr("exec '/entry' '-x' \"$@\"")));
  request_.login_shell = false;
  EXPECT_EQ(found().program, "");
  write("etc/rc.local", "");
  EXPECT_EQ(found().program, "") << "empty";
  write("etc/rc.local", "echo\n");
  EXPECT_EQ(found().argv.front(), "sh");
  EXPECT_EQ(found().name, "/entry");
  config_ = {};
  EXPECT_EQ(found().name, "/etc/rc.local");
}

TEST_F(Init, WithoutAShellWhatIsForOneDoesNotCount) {
  write("etc/rc.local", "echo\n");
  write("etc/profile", "export A=1\n");
  request_.login_shell = true;
  EXPECT_THAT(found().argv, ElementsAre("/entry", "-x", "default", "a b"));
  write("bin/sh", "not executable");
  EXPECT_EQ(found().program, "");
}

TEST_F(Init, ScriptsOfTheUserAndTheImage) {
  shell();
  config_.rc = "echo image";
  request_.command = {"a", "b"};
  EXPECT_THAT(found().argv, ElementsAre("sh", "-c", "echo image", "sh", "a", "b"));
  EXPECT_EQ(found().name, "/etc/rc");
  request_.rc = "echo mine";
  EXPECT_THAT(found().argv, ElementsAre("sh", "-c", "echo mine", "sh", "a", "b"));
  request_.rc = "";
  EXPECT_THAT(found().argv, ElementsAre("sh", "-c", "", "sh", "a", "b"));
}

TEST_F(Init, AScriptNeedsAShell) {
  request_.rc = "echo mine";
  EXPECT_EQ(text_of(find()),
            "the given rc script cannot be run: there is no /bin/sh in the image; start it without --rc");
  request_.rc.reset();
  config_.rc = "echo image";
  EXPECT_EQ(text_of(find()), "the image's /etc/rc cannot be run: there is no /bin/sh in the image");
}

TEST_F(Init, LinksAreFollowedWithinTheImage) {
  ASSERT_EQ(::symlink("/etc/shell", path("bin/sh").c_str()), 0);
  write("etc/rc.local", "echo\n");
  EXPECT_EQ(found().program, "") << "the link leads nowhere";
  write("etc/shell", "x");
  ASSERT_EQ(::chmod(path("etc/shell").c_str(), 0755), 0);
  EXPECT_EQ(found().program, "/bin/sh");
}

}  // namespace
}  // namespace pyxis
