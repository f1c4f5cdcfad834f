// The engine's own hooks, on root file systems whose authors had something else in mind.
#include <algorithm>

#include "hook_fixture.h"

namespace pyxis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class BuiltinHooks : public testing::Hook {};

TEST_F(BuiltinHooks, AreInTheOrderOfTheirNames) {
  EXPECT_TRUE(std::ranges::is_sorted(builtin_hooks(), {}, &BuiltinHook::name));
}

// --- apt

TEST_F(BuiltinHooks, AptsSandboxIsOffForRootOnly) {
  make("root/etc/apt/apt.conf.d");
  EXPECT_EQ(run(disable_apt_sandbox), "");
  EXPECT_THAT(names("root/etc/apt/apt.conf.d"), IsEmpty());
  remap_root_ = true;
  EXPECT_EQ(run(disable_apt_sandbox), "");
  EXPECT_EQ(read("root/etc/apt/apt.conf.d/90-pyxis-sandbox"), "APT::Sandbox::User \"root\";\n");
}

TEST_F(BuiltinHooks, WithoutAptNothingIsMade) {
  remap_root_ = true;
  EXPECT_EQ(run(disable_apt_sandbox), "");
  EXPECT_THAT(names("root"), IsEmpty());
}

TEST_F(BuiltinHooks, AptsDirectoryCannotLeadOut) {
  remap_root_ = true;
  make("root/etc/apt");
  link(path("canary"), "root/etc/apt/apt.conf.d");
  EXPECT_EQ(run(disable_apt_sandbox), "");
  make("root/" + path("canary"));
  EXPECT_EQ(run(disable_apt_sandbox), "");
  EXPECT_TRUE(exists("root/" + path("canary") + "/90-pyxis-sandbox"));
}

TEST_F(BuiltinHooks, AptsFileCannotBeALinkOut) {
  remap_root_ = true;
  make("root/etc/apt/apt.conf.d");
  link(path("canary/file"), "root/etc/apt/apt.conf.d/90-pyxis-sandbox");
  EXPECT_EQ(run(disable_apt_sandbox), "");
}

// --- localtime

TEST_F(BuiltinHooks, LocalTimeReplacesALinkAndNotItsTarget) {
  auto wanted = read_file("/etc/localtime");
  if (!wanted.ok()) GTEST_SKIP() << "this node keeps its time zone nowhere";
  write("root/usr/share/zoneinfo/Mars/Olympus", "of the image");
  for (const auto& target : {std::string("/usr/share/zoneinfo/Mars/Olympus"), path("canary/file"),
                             std::string("../../canary/file"), std::string("/none")}) {
    ::unlink(path("root/etc/localtime").c_str());
    link(target, "root/etc/localtime");
    EXPECT_EQ(run(set_local_time), "");
    EXPECT_EQ(read("root/etc/localtime"), *wanted) << target;
    EXPECT_EQ(names("root/etc").size(), 1u);
  }
  EXPECT_EQ(read("root/usr/share/zoneinfo/Mars/Olympus"), "of the image");
}

TEST_F(BuiltinHooks, LocalTimeIsNotHeldUpByAFifo) {
  make("root/etc");
  ASSERT_EQ(::mkfifo(path("root/etc/localtime").c_str(), 0644), 0);
  EXPECT_EQ(run(set_local_time), "");
}

// --- cgroups

TEST_F(BuiltinHooks, CgroupMountsAreCoveredByOnesOfTheSameHierarchies) {
  present_ = {{"/sys", "sysfs", "rw"},
              {"/sys/fs/cgroup", "tmpfs", "rw,mode=755"},
              {"/sys/fs/cgroup/cpu,cpuacct", "cgroup", "rw,cpu,cpuacct"},
              {"/sys/fs/cgroup/systemd", "cgroup", "rw,name=systemd"},
              {"/sys/fs/cgroup/unified", "cgroup2", "rw,nsdelegate"}};
  EXPECT_EQ(run(mount_cgroups), "");
  EXPECT_THAT(mounted_,
              ElementsAre("cgroup /sys/fs/cgroup/cpu,cpuacct cgroup ro,nosuid,nodev,noexec,cpu,cpuacct",
                          "cgroup /sys/fs/cgroup/systemd cgroup ro,nosuid,nodev,noexec,name=systemd",
                          "cgroup2 /sys/fs/cgroup/unified cgroup2 ro,nosuid,nodev,noexec"));
}

TEST_F(BuiltinHooks, CgroupsThatCannotBeShownAreNoFailure) {
  present_ = {{"/sys/fs/cgroup", "cgroup2", "rw"}};
  refuse_ = EBUSY;
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(run(mount_cgroups), "");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  refuse_ = EPERM;
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(run(mount_cgroups), "");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "[WARN] cgroups of the container are not shown: mount: Operation not permitted\n");
}

// --- Slurm

TEST_F(BuiltinHooks, WhatTheContainerHasOfATasksVariablesMakesWay) {
  host_ = Environment::from({"PMIX_RANK=1", "PMIX_SECURITY_MODE=native", "SLURM_PROCID=1", "OTHER=1"});
  container_ = Environment::from({"PMIX_RANK=0", "SLURM_PROCID=0", "PMI_RANK=0", "OTHER=0"});
  EXPECT_EQ(run(pass_slurm_pmi), "");
  EXPECT_THAT(container_.lines(), ElementsAre("OTHER=0", "PMIX_MCA_psec=native", "PMI_RANK=0"));
  EXPECT_THAT(mounted_, IsEmpty());
}

TEST_F(BuiltinHooks, PmixsDirectoryIsMountedOnce) {
  host_ = Environment::from({"PMIX_SERVER_TMPDIR=/spool/pmix.1.0"});
  EXPECT_EQ(run(pass_slurm_pmi), "");
  EXPECT_THAT(mounted_,
              ElementsAre("/spool/pmix.1.0 /spool/pmix.1.0 none x-create=dir,bind,nosuid,nodev,nofail"));
  mounted_.clear();
  later_ = {"/spool/pmix.1.0"};
  EXPECT_EQ(run(pass_slurm_pmi), "");
  EXPECT_THAT(mounted_, IsEmpty());
}

TEST_F(BuiltinHooks, OfPytorchsVariablesTheJobMayChooseSome) {
  host_ = Environment::from({"SLURM_JOB_ID=7", "SLURM_PROCID=1", "MASTER_ADDR=chosen", "RANK=chosen"});
  EXPECT_EQ(run(describe_to_pytorch), "");
  EXPECT_THAT(container_.lines(), IsEmpty());
  container_.set("PYTORCH_VERSION", "2");
  EXPECT_EQ(run(describe_to_pytorch), "");
  EXPECT_THAT(container_.lines(), ElementsAre("MASTER_PORT=61007", "PYTORCH_VERSION=2", "RANK=1"));
}

}  // namespace
}  // namespace pyxis
