#include "enroot/command_line.h"

#include <gmock/gmock.h>

namespace pyxis::enroot {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(CommandLine, IsThatOfTheSpec) {
  EXPECT_THAT(version_command(), ElementsAre("enroot", "version"));
  EXPECT_THAT(list_command(), ElementsAre("enroot", "list"));
  EXPECT_THAT(list_processes_command(), ElementsAre("enroot", "list", "--fancy"));
  EXPECT_THAT(import_command("docker://debian", "/tmp/x/image.sqsh"),
              ElementsAre("enroot", "import", "--output", "/tmp/x/image.sqsh", "docker://debian"));
  EXPECT_THAT(load_command("docker://debian", "pyxis_7.0"),
              ElementsAre("enroot", "load", "--force", "--name", "pyxis_7.0", "docker://debian"));
  EXPECT_THAT(create_command("/data/x.sqsh", "pyxis_a"),
              ElementsAre("enroot", "create", "--force", "--name", "pyxis_a", "/data/x.sqsh"));
  EXPECT_THAT(export_command("pyxis_a", "/data/out.sqsh"),
              ElementsAre("enroot", "export", "--force", "--output", "/data/out.sqsh", "pyxis_a"));
  EXPECT_THAT(remove_command("pyxis_a"), ElementsAre("enroot", "remove", "--force", "pyxis_a"));
}

TEST(MountArgument, IsAnFstabLineWithColons) {
  EXPECT_EQ(mount_argument({"/a", "/b", "x-create=auto,rbind,ro"}), "/a:/b:none:x-create=auto,rbind,ro");
  EXPECT_EQ(mount_argument({"tmpfs", "/t", "x-create=dir,size=1m"}), "tmpfs:/t:tmpfs:x-create=dir,size=1m");
  EXPECT_EQ(mount_argument({"umount", "/t", "x-detach"}), "none:/t:none:x-detach");
  EXPECT_EQ(mount_argument({"/home", "../home", "x-create=auto,rbind"}),
            "/home:../home:none:x-create=auto,rbind");
}

TEST(MountArgument, KeepsWhatOnlyOurEngineUnderstandsToItself) {
  EXPECT_EQ(
      mount_argument({"/spool", "/spool", std::string("x-create=auto,rbind,") + own_mount_option + ",ro"}),
      "/spool:/spool:none:x-create=auto,rbind,ro");
}

TEST(MountArgument, EscapesWhatWouldEndAFieldOrExpand) {
  EXPECT_EQ(mount_argument({"/my data/a:b", "/x\ty", "rbind"}), R"(/my\040data/a\072b:/x\011y:none:rbind)");
  EXPECT_EQ(mount_argument({"/${HOME}/$x", "/back\\slash", "rbind"}),
            R"(/\044{HOME}/$x:/back\134slash:none:rbind)");
}

TEST(StartCommand, RunsTheLeaderInsteadOfTheEntryPoint) {
  StartRequest request;
  EXPECT_THAT(start_command("pyxis_7.0", request, {"/opt/leader", "/run/x/socket", "/run/x/rc"}),
              ElementsAre("enroot", "start", "--rc", "/run/x/rc",                           //
                          "--mount", "tmpfs:/.pyxis:tmpfs:x-create=dir,size=64k,mode=755",  //
                          "--mount", "/opt/leader:/.pyxis/leader:none:x-create=file,bind",  //
                          "--mount", "/run/x/socket:/.pyxis/socket:none:x-create=file,bind", "pyxis_7.0",
                          "/.pyxis/leader", "/.pyxis/socket", "workdir"));
}

TEST(StartCommand, RunsTheEntryPointFirstWhereThatIsWanted) {
  StartRequest request;
  request.unshare = {"net", "uts"};
  request.env_names = {"A", "ABSENT", "LINES"};
  request.job_env = {"A=1 2", "LINES=1\n2", "B=3"};
  request.mounts = {{"/data", "/data", "x-create=auto,rbind"}};
  EXPECT_THAT(start_command("/data/x.sqsh", request, {"/opt/leader", "/run/x/socket", ""}),
              ElementsAre("enroot", "start", "--net", "--uts", "--env", "A=1 2",              //
                          "--mount", "tmpfs:/.pyxis:tmpfs:x-create=dir,size=64k,mode=755",    //
                          "--mount", "/opt/leader:/.pyxis/leader:none:x-create=file,bind",    //
                          "--mount", "/run/x/socket:/.pyxis/socket:none:x-create=file,bind",  //
                          "--mount", "/data:/data:none:x-create=auto,rbind",                  //
                          "/data/x.sqsh", "/.pyxis/leader", "/.pyxis/socket"));
}

TEST(StartCommand, KeepsTheDirectoryThatTheUserNames) {
  StartRequest request;
  request.workdir = "/w";
  EXPECT_EQ(start_command("c", request, {"/l", "/s", "/rc"}).back(), "/.pyxis/socket");
}

TEST(ToolEnvironment, HasTheUsersChoicesAndNotTheJobsLocale) {
  auto given = Environment::from({"A=1", "LANG=de_DE", "LC_ALL=C", "ENROOT_UNSHARE_PID=yes"});
  StartRequest request;
  EXPECT_THAT(tool_environment(given, request).lines(),
              ElementsAre("A=1", "ENROOT_LOGIN_SHELL=no", "ENROOT_UNSHARE_PID=no"));
  request.env_names = {"LANG"};
  request.mount_home = true;
  request.remap_root = false;
  request.writable = true;
  EXPECT_THAT(tool_environment(given, request).lines(),
              ElementsAre("A=1", "ENROOT_LOGIN_SHELL=no", "ENROOT_MOUNT_HOME=yes", "ENROOT_REMAP_ROOT=no",
                          "ENROOT_ROOTFS_WRITABLE=yes", "ENROOT_UNSHARE_PID=no", "LANG=de_DE"));
}

TEST(ContainerEnvironment, IsWhatEnrootHasNotPassedOn) {
  auto given = Environment::from({"JOB=1", "BOTH=job", "HOME=/home/alice", "PATH=/usr/bin:/opt/marker"});
  EXPECT_THAT(
      container_environment(given, {"JOB=1", "BOTH=image", "IMAGE=2", "PATH=/image/bin", "HOME=/home/alice",
                                    "ENROOT_ROOTFS=/x", "SHLVL=1", "PWD=/", "OLDPWD=/", "_=/bin/sh"}),
      ElementsAre("BOTH=image", "HOME=/home/alice", "IMAGE=2", "PATH=/image/bin"));
  EXPECT_THAT(container_environment(given, {"PATH=/usr/bin:/opt/marker"}), IsEmpty());
}

}  // namespace
}  // namespace pyxis::enroot
