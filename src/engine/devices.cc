#include "engine/devices.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>

#include "base/fs.h"
#include "base/text.h"
#include "cdi/slurm_devices.h"
#include "engine/configuration_files.h"
#include "engine/runtime_directory.h"
#include "sandbox/device_node.h"

namespace pyxis {
namespace {

constexpr auto nvidia_gpu = "nvidia.com/gpu";
constexpr auto every_device = "all";  // as generators call it

void read_directory(const std::string& path, size_t number, std::vector<cdi::SpecFile>& specs) {
  auto files = each_configuration_file(path, {".json", ".yaml"});
  if (!files.ok()) {
    specs.push_back({path, number, std::move(files).error()});
    return;
  }
  for (auto& file : *files) {
    if (!file.ok()) {
      specs.push_back({path, number, std::move(file).error()});
      continue;
    }
    if (file->empty_device) continue;  // a link to /dev/null switches one off, as everywhere
    auto text = read_configuration_file(*file);
    specs.push_back({file->path, number, std::move(text)});
  }
}

bool is_placeholder(const DeviceName& device) {
  return device.name == allocated_devices;
}

// All tasks of a node are in one container, and only the first is asked: where each is told of its own GPUs,
// the container gets all of the node's. Which of them can be used is the control group's to say.
Result<std::vector<DeviceName>> allocated(const DeviceName& device, const cdi::AllocatedGpus& gpus,
                                          const cdi::Registry& registry, Reporter& reporter) {
  if (DeviceName all{device.kind, every_device}; gpus.of_one_task) {
    if (registry.has(all)) return std::vector{all};
    reporter.warn("device " + device.text() +
                  ": Slurm gives each task GPUs of its own, and there is no device " + all.text() +
                  ": the container has those of its first task");
  }
  std::vector<DeviceName> devices;
  for (const auto& name : gpus.names) {
    TRY_CONTEXT(check_device(name), "device " + device.text());
    devices.push_back({device.kind, name});
  }
  return devices;
}

// Puts what is allocated in the places of VENDOR/CLASS=slurm.
Result<std::vector<DeviceName>> resolve(const std::vector<DeviceName>& wanted, bool by_default,
                                        const cdi::Registry& registry, const Environment& job,
                                        Reporter& reporter) {
  std::vector<DeviceName> devices;
  for (const auto& device : wanted) {
    if (!is_placeholder(device) || registry.has(device)) {
      devices.push_back(device);
      continue;
    }
    auto gpus = cdi::allocated_gpus(device.kind, job);
    if (gpus.names.empty() && !by_default)
      return fail("device " + device.text() + ": Slurm has allocated no GPU here",
                  "ask for some, as in srun --gpus=1, or name the devices");
    for (auto& one : TRY(allocated(device, gpus, registry, reporter))) devices.push_back(std::move(one));
  }
  return devices;
}

// What is bound to fail is told before an image is imported.
Result<void> check_sources(const cdi::Edits& edits) {
  auto check = [](const std::string& origin, const char* what, const std::string& path) -> Result<void> {
    struct stat info;
    if (::stat(path.c_str(), &info) == 0 || (errno != ENOENT && errno != ENOTDIR)) return ok();
    return sys_error(origin + ": " + what + " " + path)
        .with_remedy("it is not on this node: write the specification anew, as after a change of the driver");
  };
  for (const auto& node : edits.nodes) TRY(check(node.origin, "device node", node.host_path));
  for (const auto& mount : edits.mounts) TRY(check(mount.origin, "mount of", mount.host_path));
  return ok();
}

void check_groups(const std::vector<gid_t>& wanted, Reporter& reporter) {
  std::vector<gid_t> mine(static_cast<size_t>(std::max(0, ::getgroups(0, nullptr))));
  if (!mine.empty())
    mine.resize(static_cast<size_t>(std::max(0, ::getgroups(static_cast<int>(mine.size()), mine.data()))));
  mine.push_back(::getegid());
  for (auto group : wanted)
    if (std::ranges::find(mine, group) == mine.end())
      reporter.warn("a device asks for group " + std::to_string(group) +
                    ", which you are not in: should it be closed to you, ask your administrator to add you");
}

std::string kind_text(const struct stat& info) {
  if (S_ISCHR(info.st_mode)) return "a character device";
  if (S_ISBLK(info.st_mode)) return "a block device";
  return S_ISFIFO(info.st_mode) ? "a named pipe" : "no device";
}

char type_of(const struct stat& info) {
  if (S_ISCHR(info.st_mode)) return 'c';
  if (S_ISBLK(info.st_mode)) return 'b';
  return S_ISFIFO(info.st_mode) ? 'p' : 0;
}

// That a specification says one device and its path is another is no oversight to pass over.
Result<void> check_node(const cdi::DeviceNode& node, const struct stat& info) {
  auto type = type_of(info);
  if (type == 0 || (type == 'p' && node.type != 'p') || (node.type != 0 && node.type != type))
    return fail(node.host_path + " is " + kind_text(info) +
                (node.type != 0 ? std::string(", not of type '") + node.type + "'" : ""));
  if (type == 'p') return ok();
  auto major = ::major(info.st_rdev), minor = ::minor(info.st_rdev);
  // A number of 0:0 is what some generators write that have not looked.
  if (node.major.value_or(0) == 0 && node.minor.value_or(0) == 0) return ok();
  if (node.major.value_or(0) != major || node.minor.value_or(0) != minor)
    return fail(node.host_path + " is device " + std::to_string(major) + ":" + std::to_string(minor) +
                    ", not " + std::to_string(node.major.value_or(0)) + ":" +
                    std::to_string(node.minor.value_or(0)),
                "write the specification anew");
  return ok();
}

Result<void> place_node(const cdi::DeviceNode& node, int rootfs) {
  auto device = TRY(open_path(node.host_path, O_PATH));
  struct stat info;
  if (::fstat(device.get(), &info) != 0) return sys_error(node.host_path);
  TRY(check_node(node, info));
  return place_device(device.get(), node.path, rootfs);
}

}  // namespace

cdi::Registry read_specifications(const Settings& settings) {
  std::vector<cdi::SpecFile> specs;
  for (size_t i = 0; i < settings.cdi_path.size(); ++i) read_directory(settings.cdi_path[i], i, specs);
  return {specs, join(settings.cdi_path, " and ")};
}

Result<DevicePlan> plan_devices(const std::vector<std::string>& names, bool by_default,
                                const Settings& settings, Reporter& reporter) {
  DevicePlan plan;
  std::vector<DeviceName> wanted;
  for (const auto& name : names) wanted.push_back(TRY(parse_device_name(name)));
  plan.nvidia_gpus = std::ranges::count(wanted, std::string(nvidia_gpu), &DeviceName::kind) > 0;
  // The site's wish costs jobs without GPUs not even a look at the specifications.
  bool nothing =
      by_default && std::ranges::all_of(wanted, [&](const auto& device) {
        return is_placeholder(device) && cdi::allocated_gpus(device.kind, settings.environment).names.empty();
      });
  if (nothing) return plan;
  auto registry = read_specifications(settings);
  auto devices = TRY(resolve(wanted, by_default, registry, settings.environment, reporter));
  plan.edits = TRY(registry.edits_of(devices));
  TRY(check_sources(plan.edits));
  check_groups(plan.edits.groups, reporter);
  if (plan.edits.hooks.empty()) return plan;
  TRY(make_directory_at(TRY(open_runtime_directory(settings.runtime_path)).get(), "hooks", 0700));
  plan.directory = settings.runtime_path + "/hooks";
  return plan;
}

std::vector<MountEntry> device_mounts(const DevicePlan& plan) {
  std::vector<MountEntry> entries;
  for (const auto& mount : plan.edits.mounts) {
    MountEntry entry{mount.host_path, mount.container_path, "none", {"x-create=auto"}, 0, mount.origin};
    entry.options.insert(entry.options.end(), mount.options.begin(), mount.options.end());
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<void> place_device_nodes(const DevicePlan& plan, int rootfs) {
  for (const auto& node : plan.edits.nodes)
    TRY_CONTEXT(place_node(node, rootfs), node.origin + ": device node " + node.path);
  return ok();
}

}  // namespace pyxis
