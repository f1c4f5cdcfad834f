#include "cdi/spec.h"

#include <gmock/gmock.h>

namespace pyxis::cdi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

Result<Spec> parse(const std::string& text) {
  constexpr auto path = "/etc/cdi/x.yaml";
  return parse_spec(TRY(parse_document(text, path)), path);
}

std::string problem(const std::string& text) {
  auto spec = parse(text);
  return spec.ok() ? "" : spec.error().text();
}

// A specification with these edits of its one device.
std::string with(const std::string& edits) {
  return "cdiVersion: 1.0.0\nkind: vendor.com/net\ndevices: [{name: a, containerEdits: {" + edits + "}}]\n";
}

Edits edits_of(const std::string& edits) {
  auto spec = parse(with(edits));
  EXPECT_TRUE(spec.ok()) << spec.error().text();
  return spec.ok() ? spec->devices.at(0).edits : Edits();
}

// As nvidia-ctk writes them.
constexpr auto gpus = R"(---
cdiVersion: 0.5.0
kind: nvidia.com/gpu
containerEdits:
  deviceNodes:
  - path: /dev/nvidiactl
  env:
  - NVIDIA_VISIBLE_DEVICES=void
  hooks:
  - args:
    - nvidia-ctk
    - hook
    - update-ldcache
    - --folder
    - /usr/lib
    hookName: createContainer
    path: /usr/bin/nvidia-ctk
  mounts:
  - containerPath: /usr/bin/nvidia-smi
    hostPath: /usr/bin/nvidia-smi
    options:
    - ro
    - nosuid
    - nodev
    - rbind
    - rprivate
devices:
- containerEdits:
    deviceNodes:
    - path: /dev/nvidia0
      hostPath: /dev/nvidia0
      major: 195
      minor: 0
      fileMode: 438
      permissions: rw
      type: c
      uid: 0
      gid: 44
    additionalGids: [44, 0]
  name: "0"
- name: all
  containerEdits:
    deviceNodes:
    - path: /dev/nvidia0
)";

TEST(Spec, EverythingThatOneHas) {
  auto spec = parse(gpus);
  ASSERT_TRUE(spec.ok()) << spec.error().text();
  EXPECT_EQ(spec->kind, "nvidia.com/gpu");
  EXPECT_THAT(spec->edits.environment, ElementsAre("NVIDIA_VISIBLE_DEVICES=void"));
  ASSERT_EQ(spec->edits.nodes.size(), 1u);
  EXPECT_EQ(spec->edits.nodes[0].host_path, "/dev/nvidiactl");
  ASSERT_EQ(spec->edits.hooks.size(), 1u);
  const auto& hook = spec->edits.hooks[0];
  EXPECT_EQ(hook.stage, HookStage::create_container);
  EXPECT_THAT(hook.arguments, ElementsAre("nvidia-ctk", "hook", "update-ldcache", "--folder", "/usr/lib"));
  EXPECT_THAT(hook.environment, IsEmpty());
  EXPECT_FALSE(hook.limit.has_value());
  ASSERT_EQ(spec->edits.mounts.size(), 1u);
  EXPECT_THAT(spec->edits.mounts[0].options, ElementsAre("ro", "nosuid", "nodev", "rbind", "rprivate"));
  ASSERT_EQ(spec->devices.size(), 2u);
  const auto* device = spec->find("0");
  ASSERT_NE(device, nullptr);
  const auto& node = device->edits.nodes.at(0);
  EXPECT_EQ(node.type, 'c');
  EXPECT_EQ(node.major, 195u);
  EXPECT_EQ(node.minor, 0u);
  EXPECT_EQ(node.origin, "/etc/cdi/x.yaml: device '0'");
  EXPECT_THAT(device->edits.groups, ElementsAre(44u));
  EXPECT_NE(spec->find("all"), nullptr);
  EXPECT_EQ(spec->find("1"), nullptr);
}

TEST(Spec, JsonIsRead) {
  auto document = parse_document(
      R"({"cdiVersion": "0.6.0", "kind": "vendor.com/gpu", "annotations": {"a": "b"}, "devices": []})",
      "/x.json");
  ASSERT_TRUE(document.ok()) << document.error().text();
  EXPECT_TRUE(parse_spec(*document, "/x.json").ok());
  EXPECT_THAT(parse_document("cdiVersion: 1.0.0\n", "/x.json").error().text(),
              StartsWith("/x.json: not JSON"));
}

TEST(Spec, VersionsFrom03To11) {
  for (const auto* version : {"0.3.0", "0.5.0", "0.8.0", "1.0.0", "1.1.0"})
    EXPECT_EQ(problem(std::string("kind: v.com/c\ncdiVersion: ") + version), "") << version;
  for (const auto* version : {"0.2.0", "1.2.0", "2.0.0", "v1.0.0", "'../x'"})
    EXPECT_THAT(problem(std::string("kind: v.com/c\ncdiVersion: ") + version),
                AllOf(StartsWith("/etc/cdi/x.yaml: cdiVersion '"), HasSubstr("known are 0.3.0 to 1.1.0")));
  EXPECT_THAT(problem("kind: v.com/c\n"), HasSubstr("there is no cdiVersion"));
}

TEST(Spec, UnknownFieldsAreNamedWithTheirPlace) {
  EXPECT_THAT(problem("cdiVersion: 1.0.0\nkind: v.com/c\nmore: 1\n"),
              StartsWith("/etc/cdi/x.yaml: unknown field 'more'"));
  EXPECT_THAT(problem(with("privileged: true")),
              StartsWith("/etc/cdi/x.yaml: devices[0].containerEdits: unknown field 'privileged'"));
  EXPECT_THAT(problem(with("mounts: [{hostPath: /a, containerPath: /b}, {source: /a}]")),
              HasSubstr("devices[0].containerEdits.mounts[1]: unknown field 'source'"));
  EXPECT_THAT(problem(with("deviceNodes: [{path: /dev/x, mode: 1}]")),
              HasSubstr("deviceNodes[0]: unknown field 'mode'"));
  EXPECT_THAT(problem(with("hooks: [{name: x}]")), HasSubstr("hooks[0]: unknown field 'name'"));
}

TEST(Spec, WrongTypesAreNamed) {
  EXPECT_THAT(problem("[]"), StartsWith("/etc/cdi/x.yaml: it is no table of fields"));
  EXPECT_THAT(problem("cdiVersion: 1.0.0\nkind: v.com/c\ndevices: x\n"), HasSubstr("devices is not a list"));
  EXPECT_THAT(problem("cdiVersion: 1.0.0\nkind: v.com/c\ndevices: [x]\n"),
              HasSubstr("devices[0] is no table"));
  EXPECT_THAT(problem(with("env: x")), HasSubstr("env is not a list"));
  EXPECT_THAT(problem(with("env: [[x]]")), HasSubstr("env is not a list of texts"));
  EXPECT_THAT(problem(with("env: [x]")), HasSubstr("not of the form NAME=VALUE"));
  EXPECT_THAT(problem(with("env: [=x]")), HasSubstr("not of the form NAME=VALUE"));
  EXPECT_THAT(problem(with("deviceNodes: [{path: /dev/x, major: a}]")), HasSubstr("major is not a number"));
  EXPECT_THAT(problem(with("deviceNodes: [{path: /dev/x, type: d}]")), HasSubstr("type is 'd'"));
  EXPECT_THAT(problem(with("additionalGids: [-1]")), HasSubstr("group numbers"));
  EXPECT_THAT(problem(with("additionalGids: [4294967295]")), HasSubstr("group numbers"));
  EXPECT_THAT(problem(with("hooks: [{hookName: createContainer, path: /x, timeout: 0}]")),
              HasSubstr("timeout"));
  EXPECT_THAT(problem(with("hooks: [{hookName: create, path: /x}]")), HasSubstr("no hook of OCI's"));
  EXPECT_THAT(problem(with("hooks: [{hookName: prestart, path: x}]")), HasSubstr("not an absolute path"));
}

TEST(Spec, PathsInTheContainerAreAbsoluteAndPlain) {
  for (const auto* path : {"/dev/../../etc/x", "/..", "/a/.."}) {
    EXPECT_THAT(problem(with(std::string("mounts: [{hostPath: /a, containerPath: ") + path + "}]")),
                HasSubstr("containerPath has '..' in it"));
    EXPECT_THAT(problem(with(std::string("deviceNodes: [{path: ") + path + "}]")),
                HasSubstr("path has '..' in it"));
  }
  EXPECT_THAT(problem(with("mounts: [{hostPath: a, containerPath: /b}]")),
              HasSubstr("hostPath is not an absolute"));
  EXPECT_THAT(problem(with("mounts: [{hostPath: /a}]")), HasSubstr("mounts[0]: there is no containerPath"));
  EXPECT_EQ(problem(with("mounts: [{hostPath: /a, containerPath: /b..c}]")), "");
}

TEST(Spec, OptionsOfMountsAreThoseOfBinds) {
  EXPECT_EQ(problem(with("mounts: [{hostPath: /a, containerPath: /b, options: [ro, nosuid, bind, noexec]}]")),
            "");
  for (const auto* option : {"x-detach", "remount", "nofail", "size=1m", "x-create=dir", "''"})
    EXPECT_THAT(
        problem(with(std::string("mounts: [{hostPath: /a, containerPath: /b, options: [") + option + "]}]")),
        HasSubstr("has the unknown mount option"))
        << option;
  EXPECT_EQ(problem(with("mounts: [{hostPath: /a, containerPath: /b, type: bind}]")), "");
  EXPECT_THAT(problem(with("mounts: [{hostPath: /a, containerPath: /b, type: tmpfs}]")),
              HasSubstr("type is 'tmpfs'"));
}

TEST(Spec, WhatNobodyCanHaveIsNotedWithItsDevice) {
  EXPECT_THAT(edits_of("intelRdt: {closID: x}").impossible,
              ElementsAre("/etc/cdi/x.yaml: device 'a': intelRdt"));
  EXPECT_THAT(edits_of("netDevices: [{hostInterfaceName: eth0, name: e}]").impossible,
              ElementsAre(HasSubstr("netDevices")));
  EXPECT_THAT(edits_of("hooks: [{hookName: poststop, path: /x}]").impossible,
              ElementsAre(HasSubstr("hook poststop")));
  EXPECT_THAT(edits_of("netDevices: [], hooks: []").impossible, IsEmpty());
}

TEST(Spec, HooksOfAllStagesAndTheirDefaults) {
  auto edits = edits_of(
      "hooks: [{hookName: prestart, path: /a}, {hookName: createRuntime, path: /b, args: [c, d], env: [E=f], "
      "timeout: 7}, {hookName: startContainer, path: /g}]");
  ASSERT_EQ(edits.hooks.size(), 3u);
  EXPECT_THAT(edits.hooks[0].arguments, ElementsAre("/a"));
  EXPECT_EQ(edits.hooks[1].stage, HookStage::create_runtime);
  EXPECT_THAT(edits.hooks[1].arguments, ElementsAre("c", "d"));
  EXPECT_THAT(edits.hooks[1].environment, ElementsAre("E=f"));
  EXPECT_EQ(edits.hooks[1].limit, std::chrono::seconds(7));
  EXPECT_EQ(edits.hooks[2].stage, HookStage::start_container);
}

TEST(Spec, NamesOfKindsAndDevicesAreChecked) {
  EXPECT_THAT(problem("cdiVersion: 1.0.0\nkind: gpu\n"), HasSubstr("VENDOR/CLASS"));
  EXPECT_THAT(problem("cdiVersion: 1.0.0\nkind: v.com/a/b\n"), HasSubstr("class"));
  EXPECT_THAT(problem("cdiVersion: 1.0.0\nkind: v.com/c\ndevices: [{name: a b}]\n"),
              HasSubstr("devices[0].name"));
  EXPECT_THAT(problem("cdiVersion: 1.0.0\nkind: v.com/c\ndevices: [{name: a}, {name: a}]\n"),
              HasSubstr("twice"));
}

}  // namespace
}  // namespace pyxis::cdi
