#include "hooks/nvidia.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/log.h"
#include "base/text.h"
#include "hooks/program.h"

namespace pyxis {
namespace {

using Words = std::vector<std::string>;

constexpr auto tool = "nvidia-container-cli";
constexpr auto standard_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

Result<void> add_capabilities(const HookContext& context, Words& arguments) {
  constexpr std::array known = {"compute", "compat32", "display", "graphics", "ngx", "utility", "video"};
  auto wanted = context.value("NVIDIA_DRIVER_CAPABILITIES");
  if (wanted.empty()) wanted = "compute,utility";
  std::set<std::string> added;
  auto add = [&](const std::string& name) {
    if (added.insert(name).second) arguments.push_back("--" + name);
  };
  for (const auto& word : split(wanted, ',')) {
    std::string name(trim(word));
    if (name == "all") {
      for (const auto* every : known) add(every);
    } else if (std::find(known.begin(), known.end(), name) != known.end()) {
      add(name);
    } else if (!name.empty()) {
      return fail("NVIDIA_DRIVER_CAPABILITIES: '" + printable(name) + "' is not a capability of the driver",
                  "use all, or some of compute, compat32, display, graphics, ngx, utility, video");
    }
  }
  return ok();
}

// "12.0.1" of images that say no more than their version of CUDA.
std::string requirement_of_version(std::string_view version) {
  auto parts = split(version, '.');
  if (parts.size() < 2 || !parse_number<unsigned>(parts[0]) || !parse_number<unsigned>(parts[1])) return "";
  return "cuda>=" + parts[0] + "." + parts[1];
}

void add_requirements(const HookContext& context, Words& arguments) {
  if (parse_bool(context.value("NVIDIA_DISABLE_REQUIRE")).value_or(false)) return;
  constexpr std::string_view prefix = "NVIDIA_REQUIRE_";
  std::set<std::string> names;
  for (const auto* environment : {static_cast<const Environment*>(&context.container), &context.host})
    for (const auto& [name, value] : environment->values())
      if (name.starts_with(prefix)) names.insert(name);
  for (const auto& name : names)
    if (auto value = context.value(name); !value.empty()) arguments.push_back("--require=" + value);
  if (names.contains("NVIDIA_REQUIRE_CUDA")) return;
  if (auto of_version = requirement_of_version(context.container.get_or("CUDA_VERSION", ""));
      !of_version.empty())
    arguments.push_back("--require=" + of_version);
}

std::string find_program(const std::string& name, const std::string& path) {
  for (const auto& directory : split(path, ':')) {
    auto candidate = directory + "/" + name;
    if (directory.starts_with('/') && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

// Debian's ldconfig is a wrapper, the program itself lies beside it.
std::string ldconfig_of_node() {
  constexpr auto path = "/sbin:/usr/sbin";
  auto real = find_program("ldconfig.real", path);
  return real.empty() ? find_program("ldconfig", path) : real;
}

bool driver_present() {
  return ::access("/proc/driver/nvidia/version", F_OK) == 0 || ::access("/dev/nvidiactl", F_OK) == 0;
}

Result<void> configure(const HookContext& context, const Words& arguments) {
  auto environment = context.host;
  environment.set("PATH", environment.get_or("PATH", standard_path));
  auto program = find_program(tool, *environment.get("PATH"));
  if (program.empty())
    return fail(std::string("GPUs are asked for, and ") + tool + " is not installed on this node",
                "install libnvidia-container-tools, or go without GPUs: NVIDIA_VISIBLE_DEVICES=void");
  ProgramCall call{program, tool, program, {tool}};
  call.arguments.insert(call.arguments.end(), arguments.begin(), arguments.end());
  call.arguments.push_back(context.rootfs_path);
  return run_program(call, environment.lines());
}

}  // namespace

Result<std::optional<std::vector<std::string>>> nvidia_arguments(const HookContext& context,
                                                                 const std::string& ldconfig) {
  auto devices = context.value("NVIDIA_VISIBLE_DEVICES");
  if (devices.empty() || devices == "void") return std::optional<Words>();
  Words arguments = {"--user"};
  if (auto cache = context.host.get_or("ENROOT_NVIDIA_LDCACHE", ""); !cache.empty())
    arguments.push_back("--ldcache=" + cache);
  arguments.insert(arguments.end(), {"configure", "--no-cgroups"});
  if (!ldconfig.empty()) arguments.push_back("--ldconfig=@" + ldconfig);
  if (devices != "none") arguments.push_back("--device=" + devices);
  constexpr std::array<std::pair<const char*, const char*>, 3> others = {
      {{"NVIDIA_MIG_CONFIG_DEVICES", "--mig-config="},
       {"NVIDIA_MIG_MONITOR_DEVICES", "--mig-monitor="},
       {"NVIDIA_IMEX_CHANNELS", "--imex-channel="}}};
  for (const auto& [name, option] : others)
    if (auto value = context.value(name); !value.empty()) arguments.push_back(option + value);
  TRY(add_capabilities(context, arguments));
  add_requirements(context, arguments);
  return std::optional<Words>(std::move(arguments));
}

// Images that use GPUs ask for all of them, and are also run on nodes that have none: there all is nothing.
Result<void> add_nvidia_gpus(HookContext& context) {
  auto arguments = TRY(nvidia_arguments(context, ldconfig_of_node()));
  if (!arguments) return ok();
  auto devices = context.value("NVIDIA_VISIBLE_DEVICES");
  auto done = configure(context, *arguments);
  if (done.ok()) return ok();
  auto error = std::move(done).error().context("NVIDIA_VISIBLE_DEVICES=" + printable(devices));
  if (driver_present() || (devices != "all" && devices != "none")) return error;
  log::warn(error.text() + " (this node has no NVIDIA driver; the container starts without GPUs)");
  return ok();
}

}  // namespace pyxis
