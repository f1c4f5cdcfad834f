#include "cdi/registry.h"

#include <gmock/gmock.h>

namespace pyxis::cdi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

SpecFile file(const std::string& path, size_t directory, const std::string& kind, const std::string& devices,
              const std::string& edits = "{}") {
  return {
      path, directory,
      "cdiVersion: 1.0.0\nkind: " + kind + "\ncontainerEdits: " + edits + "\ndevices: [" + devices + "]\n"};
}

std::string device(const std::string& name, const std::string& edits = "") {
  return "{name: '" + name + "', containerEdits: {" + edits + "}}";
}

Registry registry(std::vector<SpecFile> files) {
  return {files, "/etc/cdi and /var/run/cdi"};
}

Result<Edits> ask(const Registry& from, const std::vector<std::string>& names) {
  std::vector<DeviceName> devices;
  for (const auto& name : names) devices.push_back(TRY(parse_device_name(name)));
  return from.edits_of(devices);
}

std::string problem(const Result<Edits>& edits) {
  return edits.ok() ? "" : edits.error().text();
}

TEST(Registry, WhatASpecificationSaysOfAllComesOnce) {
  auto known = registry(
      {file("/a.yaml", 0, "v.com/c", device("0", "env: [A=0, X=0]") + "," + device("1", "env: [B=1, X=1]"),
            "{env: [X=all], deviceNodes: [{path: /dev/ctl}], mounts: [{hostPath: /l, containerPath: /l}]}")});
  auto edits = ask(known, {"v.com/c=0", "v.com/c=1"});
  ASSERT_TRUE(edits.ok()) << edits.error().text();
  EXPECT_THAT(edits->environment, ElementsAre("A=0", "B=1", "X=1"));
  EXPECT_THAT(edits->nodes, SizeIs(1));
  EXPECT_THAT(edits->mounts, SizeIs(1));
}

TEST(Registry, WhatTwoDevicesShareIsThereOnceAndTheLaterNodeCounts) {
  auto known = registry(
      {file("/a.yaml", 0, "v.com/c",
            device("0", "deviceNodes: [{path: /dev/x}], additionalGids: [7]") + "," +
                device("1", "deviceNodes: [{path: /dev/x, hostPath: /dev/y}], additionalGids: [7]"))});
  auto edits = ask(known, {"v.com/c=0", "v.com/c=1"});
  ASSERT_TRUE(edits.ok());
  ASSERT_THAT(edits->nodes, SizeIs(1));
  EXPECT_EQ(edits->nodes[0].host_path, "/dev/y");
  EXPECT_THAT(edits->groups, SizeIs(1));
}

TEST(Registry, TheLaterDirectoryWins) {
  auto known = registry({file("/etc/cdi/a.yaml", 0, "v.com/c",
                              device("0", "env: [FROM=etc]") + "," + device("1", "env: [ONE=1]")),
                         file("/run/cdi/a.yaml", 1, "v.com/c", device("0", "env: [FROM=run]"))});
  auto edits = ask(known, {"v.com/c=0", "v.com/c=1"});
  ASSERT_TRUE(edits.ok()) << edits.error().text();
  EXPECT_THAT(edits->environment, ElementsAre("FROM=run", "ONE=1"));
}

TEST(Registry, OneDeviceInTwoFilesOfADirectoryIsAConflict) {
  std::vector<SpecFile> files = {file("/a.yaml", 0, "v.com/c", device("0")),
                                 file("/b.yaml", 0, "v.com/c", device("0") + "," + device("1"))};
  auto known = registry(files);
  EXPECT_THAT(problem(ask(known, {"v.com/c=0"})),
              HasSubstr("device v.com/c=0 is in two files: /a.yaml and /b.yaml"));
  EXPECT_EQ(problem(ask(known, {"v.com/c=1"})), "");
  files.push_back(file("/run/c.yaml", 1, "v.com/c", device("0")));
  EXPECT_EQ(problem(ask(registry(files), {"v.com/c=0"})), "");
}

TEST(Registry, UnknownDevicesAreToldWithThoseThatThereAre) {
  auto known = registry({file("/a.yaml", 0, "v.com/c", device("1") + "," + device("0")),
                         file("/b.yaml", 0, "w.com/d", device("x"))});
  EXPECT_EQ(problem(ask(known, {"v.com/c=7"})),
            "device v.com/c=7: no specification in /etc/cdi and /var/run/cdi has it; there are: v.com/c=0, "
            "v.com/c=1");
  EXPECT_THAT(problem(ask(known, {"z.com/c=0"})), HasSubstr("there are: v.com/c=0, v.com/c=1, w.com/d=x"));
  EXPECT_THAT(problem(ask(registry({}), {"v.com/c=0"})), HasSubstr("there is none at all"));
}

TEST(Registry, ABrokenFileConcernsWhoAsksForItsKind) {
  SpecFile broken{"/broken.yaml", 0, std::string("cdiVersion: 9.0.0\nkind: w.com/d\n")};
  SpecFile unreadable{"/garbage.yaml", 0, std::string("a: [")};
  SpecFile closed{"/closed.yaml", 0, sys_error("/closed.yaml", EACCES)};
  auto known = registry({broken, unreadable, closed, file("/a.yaml", 0, "v.com/c", device("0"))});
  EXPECT_EQ(problem(ask(known, {"v.com/c=0"})), "");
  EXPECT_THAT(problem(ask(known, {"w.com/d=x"})),
              HasSubstr("/broken.yaml: cdiVersion '9.0.0' is not known here"));
  EXPECT_THAT(problem(ask(known, {"v.com/c=1"})),
              AllOf(HasSubstr("not read: /garbage.yaml"), HasSubstr("/closed.yaml: Permission denied"),
                    Not(HasSubstr("/broken.yaml"))));
}

TEST(Registry, WhatAUserCannotHaveIsRefusedWhereItIsAskedFor) {
  auto known =
      registry({file("/a.yaml", 0, "v.com/c", device("0") + "," + device("1", "intelRdt: {closID: x}"))});
  EXPECT_EQ(problem(ask(known, {"v.com/c=0"})), "");
  EXPECT_THAT(problem(ask(known, {"v.com/c=1"})),
              HasSubstr("/a.yaml: device '1': intelRdt: a container without privilege"));
}

TEST(Registry, HasSaysWhetherThereIsADeviceOfThatName) {
  auto known = registry({file("/a.yaml", 0, "v.com/c", device("slurm"))});
  EXPECT_TRUE(known.has({"v.com/c", "slurm"}));
  EXPECT_FALSE(known.has({"v.com/d", "slurm"}));
}

}  // namespace
}  // namespace pyxis::cdi
