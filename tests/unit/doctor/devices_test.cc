// GPUs of a node, as its files show them.
#include "planted.h"

namespace pyxis::doctor {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Gpus : public Planted {
 protected:
  void SetUp() override {
    Planted::SetUp();
    context_.environment.set("PATH", path("bin"));
  }
  void card(const std::string& address, const std::string& vendor, const std::string& kind = "0x030200") {
    write("sys/bus/pci/devices/" + address + "/vendor", vendor + "\n");
    write("sys/bus/pci/devices/" + address + "/class", kind + "\n");
  }
  void driver() {
    write("proc/driver/nvidia/version",
          "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\n");
  }
  void devices() {
    for (const auto* name : {"nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"})
      write(std::string("dev/") + name, "");
  }
  void tool(const std::string& script) {
    write("bin/nvidia-container-cli", "#!/bin/sh\n" + script + "\n");
    ::chmod(path("bin/nvidia-container-cli").c_str(), 0755);
  }
  std::vector<std::string> gpus() { return of(check_nvidia(context_), "NVIDIA GPUs"); }
  std::vector<std::string> tools() { return of(check_nvidia(context_), "NVIDIA's container tool"); }
};

TEST_F(Gpus, ANodeWithoutAnyIsGood) {
  card("0000:00:02.0", "0x8086");
  card("0000:01:00.1", "0x10de", "0x040300");  // the sound device of a card
  EXPECT_THAT(gpus(), ElementsAre("pass: none"));
  EXPECT_THAT(of(check_amd(context_), "AMD GPUs"), ElementsAre("pass: none"));
}

TEST_F(Gpus, CardsWithoutADriverAreCounted) {
  card("0000:01:00.0", "0x10de");
  card("0000:02:00.0", "0x10de", "0x030000");
  EXPECT_THAT(gpus(), ElementsAre(AllOf(HasSubstr("fail: 2 on the bus"), HasSubstr("run: modprobe nvidia"))));
  card("0000:03:00.0", "0x1002");
  EXPECT_THAT(of(check_amd(context_), "AMD GPUs"), ElementsAre(HasSubstr("run: modprobe amdgpu")));
}

TEST_F(Gpus, ADriverWithoutDevicesAndDevicesWithoutADriver) {
  driver();
  EXPECT_THAT(gpus(), ElementsAre(AllOf(HasSubstr("fail: driver 535.104.05, 0 in /dev"),
                                        HasSubstr("run: nvidia-modprobe -u -c 0"))));
  write("dev/nvidia0", "");
  EXPECT_THAT(gpus(), ElementsAre(HasSubstr("fail: driver 535.104.05, 1 in /dev, without /dev/nvidiactl")));
  ASSERT_EQ(::unlink(path("proc/driver/nvidia/version").c_str()), 0);
  EXPECT_THAT(gpus(),
              ElementsAre(AllOf(HasSubstr("fail: devices in /dev"), HasSubstr("run: modprobe nvidia"))));
}

TEST_F(Gpus, TheToolIsTried) {
  driver();
  devices();
  EXPECT_THAT(gpus(), ElementsAre("pass: driver 535.104.05, 2 in /dev"));
  tool("exit 0");
  EXPECT_THAT(tools(), ElementsAre(HasSubstr("pass: ")));
  tool("echo initialization error: driver rpc error >&2; exit 1");
  EXPECT_THAT(tools(),
              ElementsAre(AllOf(HasSubstr("fail: "), HasSubstr("exited with status 1: initialization error"),
                                HasSubstr("run: nvidia-smi"))));
}

TEST_F(Gpus, WithoutTheToolContainersDoNotGetThemUnlessThereIsASpec) {
  driver();
  devices();
  EXPECT_THAT(tools(),
              ElementsAre(AllOf(HasSubstr("fail: "), HasSubstr("install libnvidia-container-tools"))));
  write("etc/cdi/gpus.yaml", "cdiVersion: 0.6.0\nkind: nvidia.com/gpu\ndevices: [{name: a}]\n");
  EXPECT_THAT(tools(), ElementsAre(HasSubstr("warn: ")));
}

class Cdi : public Planted {
 protected:
  std::vector<std::string> with(const std::string& text) {
    write("etc/cdi/spec.json", text);
    return of(check_cdi(context_), "CDI specs");
  }
};

TEST_F(Cdi, SpecsAreListedWithWhatTheyOffer) {
  EXPECT_THAT(of(check_cdi(context_), "CDI specs"), ElementsAre("pass: none"));
  write("var/run/cdi/other.yaml", "cdiVersion: 0.6.0\nkind: other.org/nic\ndevices: [{name: a}]\n");
  EXPECT_THAT(
      with(R"({"cdiVersion": "0.6.0", "kind": "nvidia.com/gpu", "devices": [{"name": "0"}, {"name": "1"}]})"),
      ElementsAre("pass: " + path("etc/cdi/spec.json") + ": nvidia.com/gpu, 2 devices",
                  "pass: " + path("var/run/cdi/other.yaml") + ": other.org/nic, 1 devices"));
}

TEST_F(Cdi, WhatIsNoSpecIsNamedWithTheReason) {
  for (const auto& [text, reason] : std::vector<std::pair<std::string, std::string>>{
           {"", "/etc/cdi/spec.json"},
           {"{\"cdiVersion\": ", "/etc/cdi/spec.json"},
           {"[]", "/etc/cdi/spec.json"},
           {R"({"kind": "a/b", "devices": []})", "cdiVersion"},
           {R"({"cdiVersion": "0.5.0", "devices": []})", "kind"},
           {R"({"cdiVersion": "0.5.0", "kind": 7, "devices": []})", "kind"},
           {R"({"cdiVersion": "0.5.0", "kind": "a/b"})", "devices"}})
    EXPECT_THAT(
        with(text),
        ElementsAre(AllOf(HasSubstr("fail: " + path("etc/cdi/spec.json") + ": "), HasSubstr(reason),
                          HasSubstr("run: nvidia-ctk cdi generate --output=" + path("etc/cdi/spec.json")))))
        << text;
}

}  // namespace
}  // namespace pyxis::doctor
