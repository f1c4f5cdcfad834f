#include "hooks/mellanox.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"
#include "hooks/hook.h"

namespace pyxis {
namespace {

constexpr auto device_directory = "/dev/infiniband";
constexpr auto class_directory = "/sys/class/infiniband";

// Sorted as people count: mlx5_2 before mlx5_10.
std::vector<std::string> names_in(const std::string& directory) {
  auto opened = open_path(directory, O_RDONLY | O_DIRECTORY);
  auto listed = opened.ok() ? list_directory(opened->get())
                            : Result<std::vector<std::string>>(std::move(opened).error());
  if (!listed.ok()) return {};
  std::sort(listed->begin(), listed->end(),
            [](const auto& a, const auto& b) { return a.size() != b.size() ? a.size() < b.size() : a < b; });
  return std::move(*listed);
}

std::vector<std::string> devices_of(const std::string& adapter) {
  std::vector<std::string> names;
  for (const auto* kind : {"infiniband_verbs", "infiniband_mad"})
    for (auto& name : names_in(adapter + "/device/" + kind)) names.push_back(std::move(name));
  return names;
}

std::vector<std::string> devices_by_number(unsigned number) {
  auto text = std::to_string(number);
  return {"uverbs" + text, "umad" + text, "issm" + text};
}

bool same_device(int rootfs, const std::string& path) {
  struct stat inside, outside;
  auto found = open_in_root(rootfs, path, O_PATH);
  return found.ok() && ::fstat(found->get(), &inside) == 0 && ::stat(path.c_str(), &outside) == 0 &&
         S_ISCHR(inside.st_mode) && inside.st_rdev == outside.st_rdev;
}

}  // namespace

Result<std::vector<std::string>> hca_devices(std::string_view wanted, const std::string& devices,
                                             const std::string& classes) {
  std::vector<std::string> chosen;
  if (wanted.empty() || wanted == "none" || wanted == "void") return chosen;
  auto present = names_in(devices);
  if (wanted == "all") return present;
  auto adapters = names_in(classes);
  for (const auto& word : split(wanted, ',')) {
    auto index = parse_number<unsigned>(trim(word));
    if (!index)
      return fail("MELLANOX_VISIBLE_DEVICES: '" + printable(word) + "' is not the number of an adapter",
                  "use all, none, or numbers as in 0,1");
    bool known = *index < adapters.size();
    auto parts = known              ? devices_of(classes + "/" + adapters[*index])
                 : adapters.empty() ? devices_by_number(*index)
                                    : std::vector<std::string>();
    std::erase_if(parts, [&](const auto& part) { return std::ranges::find(present, part) == present.end(); });
    if (parts.empty())
      log::warn("MELLANOX_VISIBLE_DEVICES: this node has no adapter " + std::to_string(*index));
    for (auto& part : parts)
      if (std::ranges::find(chosen, part) == chosen.end()) chosen.push_back(std::move(part));
  }
  constexpr auto connection_manager = "rdma_cm";
  if (!chosen.empty() && std::ranges::find(present, connection_manager) != present.end())
    chosen.push_back(connection_manager);
  return chosen;
}

Result<void> add_mellanox_hcas(HookContext& context) {
  for (const auto& name :
       TRY(hca_devices(context.value("MELLANOX_VISIBLE_DEVICES"), device_directory, class_directory))) {
    auto path = std::string(device_directory) + "/" + name;
    if (same_device(context.rootfs, path)) continue;  // the container has the node's /dev
    TRY(context.mount({path, path, "none", {"x-create=file", "bind", "nosuid", "noexec"}}));
  }
  return ok();
}

}  // namespace pyxis
