#include "engine/container_config.h"

#include <fcntl.h>

#include "base/fs.h"
#include "base/text.h"
#include "engine/environ_file.h"
#include "image/root_config.h"
#include "image/start_files.h"

namespace pyxis {
namespace {

void add_variables(const std::string& text, const Environment& host, std::vector<std::string>& env) {
  for (const auto& line : split(text, '\n'))
    if (auto variable = parse_environ_file(line, host, environment_path); variable.ok())
      env.insert(env.end(), variable->begin(), variable->end());
}

}  // namespace

std::string text_in_root(int rootfs, std::string_view path) {
  constexpr size_t limit = 1 << 20;
  auto file = open_in_root(rootfs, std::string(path), O_RDONLY | O_NONBLOCK);
  auto text = file.ok() ? read_fd(file->get(), limit) : Result<std::string>(std::move(file).error());
  return text.ok() ? std::move(*text) : "";
}

Result<ContainerConfig> container_config(const RecordedConfig& recorded, const Environment& host,
                                         int rootfs) {
  ContainerConfig config;
  if (!recorded.bytes.empty()) {
    config.image = TRY(parse_config(recorded.bytes));
    config.fstab = make_fstab(config.image);
    add_variables(recorded.own_variables, host, config.image.env);
    if (!recorded.own_rc) return config;
    config.rc = text_in_root(rootfs, rc_path);
    if (auto workdir = parse_image_workdir(config.rc); !workdir.empty()) config.image.working_dir = workdir;
    return config;
  }
  config.fstab = text_in_root(rootfs, fstab_path);
  config.rc = text_in_root(rootfs, rc_path);
  if (auto known = parse_config(text_in_root(rootfs, config_path));
      known.ok() && made_from(*known, config.rc)) {
    config.image = std::move(*known);
    config.rc.clear();
  }
  config.image.env.clear();  // its file may have been changed
  add_variables(text_in_root(rootfs, environment_path), host, config.image.env);
  if (!config.rc.empty()) config.image.working_dir = parse_image_workdir(config.rc);
  return config;
}

std::vector<MountEntry> image_volumes(const std::string& fstab, const Environment& host) {
  std::vector<MountEntry> volumes;
  auto origin = "the image's /" + std::string(fstab_path);
  int number = 0;
  for (const auto& line : split(fstab, '\n')) {
    ++number;
    auto entries = parse_fstab(line, host, origin);
    if (!entries.ok()) continue;
    for (auto& entry : *entries) {
      if (entry.type != "tmpfs") continue;
      entry.options.emplace_back("nofail");
      entry.origin = origin + ":" + std::to_string(number);
      volumes.push_back(std::move(entry));
    }
  }
  return volumes;
}

}  // namespace pyxis
