// GPUs: devices, drivers, and what brings them into containers.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/fs.h"
#include "base/text.h"
#include "doctor/checks.h"
#include "doctor/devices.h"
#include "engine/devices.h"

namespace pyxis::doctor {
namespace {

std::vector<std::string> names_in(const Context& context, std::string_view directory) {
  auto opened = open_path(context.path(directory), O_RDONLY | O_DIRECTORY);
  auto names = opened.ok() ? list_directory(opened->get()) : Result<std::vector<std::string>>(opened.error());
  if (!names.ok()) return {};
  std::ranges::sort(*names);
  return std::move(*names);
}

std::string line_of(const Context& context, const std::string& path) {
  auto text = read_file(context.path(path), 64 << 10);
  return text.ok() ? std::string(trim(std::string_view(*text).substr(0, text->find('\n')))) : "";
}

// Display controllers of a vendor's on the PCI bus.
size_t cards_of(const Context& context, std::string_view vendor) {
  const std::string bus = "/sys/bus/pci/devices";
  size_t cards = 0;
  for (const auto& name : names_in(context, bus))
    cards += line_of(context, bus + "/" + name + "/vendor") == vendor &&
             line_of(context, bus + "/" + name + "/class").starts_with("0x03");
  return cards;
}

// The first word with a dot in "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19".
std::string driver_version(const std::string& line) {
  for (const auto& word : split(line, ' '))
    if (word.find('.') != word.npos && word.find_first_not_of("0123456789.") == word.npos) return word;
  return "of unknown release";
}

// /dev/nvidia0 and so on.
size_t nvidia_devices(const Context& context) {
  return static_cast<size_t>(std::ranges::count_if(names_in(context, "/dev"), [](const std::string& name) {
    return name.starts_with("nvidia") && name.size() > 6 &&
           name.find_first_not_of("0123456789", 6) == name.npos;
  }));
}

bool has_nvidia_spec(const Context& context) {
  if (!context.settings.ok()) return false;
  auto registry = read_specifications(*context.settings);
  return std::ranges::any_of(
      registry.files(), [](const auto& file) { return file.spec.ok() && file.kind == "nvidia.com/gpu"; });
}

Finding check_nvidia_tool(const Context& context) {
  constexpr auto check = "NVIDIA's container tool";
  auto tool = find_program(context, "nvidia-container-cli");
  if (tool.empty())
    return {check, has_nvidia_spec(context) ? Verdict::warn : Verdict::fail,
            "nvidia-container-cli is not installed: containers that ask for GPUs by NVIDIA_VISIBLE_DEVICES "
            "do not start",
            "run: apt-get install libnvidia-container-tools (or dnf install libnvidia-container-tools)", ""};
  auto told = output_of(context, {tool, "info"});
  if (!told.ok())
    return {check, Verdict::fail, told.error().message, "run: nvidia-smi (whether the driver itself works)",
            ""};
  return {check, Verdict::pass, tool, "", ""};
}

Finding judge_spec(const cdi::Registry::File& file) {
  constexpr auto check = "CDI specs";
  auto anew = "run: nvidia-ctk cdi generate --output=" + file.path + " (what made it, for other vendors)";
  if (!file.spec.ok()) {
    const auto& error = file.spec.error();
    return {check, Verdict::fail, error.message,
            error.code != 0 && !error.remedy.empty() ? error.remedy : anew, ""};
  }
  auto count = file.spec->devices.size();
  if (count == 0) return {check, Verdict::fail, file.path + ": there are no devices in it", anew, ""};
  return {check, Verdict::pass, file.path + ": " + file.kind + ", " + std::to_string(count) + " devices", "",
          ""};
}

}  // namespace

std::string nvidia_driver(const Context& context) {
  auto line = line_of(context, "/proc/driver/nvidia/version");
  return line.empty() ? "" : driver_version(line);
}

Findings check_nvidia(const Context& context) {
  constexpr auto check = "NVIDIA GPUs";
  auto driver = nvidia_driver(context);
  auto cards = cards_of(context, "0x10de"), devices = nvidia_devices(context);
  if (driver.empty() && devices == 0) {
    if (cards == 0) return {{check, Verdict::pass, "none", ""}};
    return {{check, Verdict::fail, std::to_string(cards) + " on the bus, and no driver is loaded",
             "run: modprobe nvidia && nvidia-modprobe -u -c 0"}};
  }
  if (driver.empty())
    return {{check, Verdict::fail, "devices in /dev, and no driver is loaded", "run: modprobe nvidia"}};
  Findings findings;
  auto fact = "driver " + driver + ", " + std::to_string(devices) + " in /dev";
  if (devices == 0 || !exists(context, "/dev/nvidiactl"))
    findings.push_back({check, Verdict::fail, fact + (devices == 0 ? "" : ", without /dev/nvidiactl"),
                        "run: nvidia-modprobe -u -c 0 (for each GPU; nvidia-persistenced keeps them)"});
  else
    findings.push_back({check, Verdict::pass, fact, ""});
  findings.push_back(check_nvidia_tool(context));
  return findings;
}

Findings check_amd(const Context& context) {
  constexpr auto check = "AMD GPUs";
  auto cards = cards_of(context, "0x1002");
  if (!exists(context, "/dev/kfd")) {
    if (cards == 0) return {{check, Verdict::pass, "none", ""}};
    return {{check, Verdict::warn, std::to_string(cards) + " on the bus, and no /dev/kfd to compute with",
             "run: modprobe amdgpu"}};
  }
  if (::access(context.path("/dev/kfd").c_str(), R_OK | W_OK) != 0)
    return {{check, Verdict::fail, sys_error("/dev/kfd").message,
             "run: usermod -aG render,video USER, or a udev rule: KERNEL==\"kfd\", MODE=\"0666\""}};
  auto nodes = std::ranges::count_if(names_in(context, "/dev/dri"),
                                     [](const std::string& name) { return name.starts_with("renderD"); });
  return {{check, Verdict::pass, "/dev/kfd, " + std::to_string(nodes) + " in /dev/dri", ""}};
}

Findings check_cdi(const Context& context) {
  if (!context.settings.ok()) return {{"CDI specs", Verdict::skip, "the settings could not be read", ""}};
  Findings findings;
  auto registry = read_specifications(*context.settings);
  for (const auto& file : registry.files()) findings.push_back(judge_spec(file));
  if (findings.empty()) findings.push_back({"CDI specs", Verdict::pass, "none", ""});
  return findings;
}

}  // namespace pyxis::doctor
