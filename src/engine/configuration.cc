#include "engine/configuration.h"

#include <map>

#include "engine/configuration_files.h"
#include "engine/environ_file.h"

namespace pyxis {
namespace {

// The text of an fstab, and what messages call it.
struct NamedText {
  std::string origin, text;
};

Result<void> add_mounts(const NamedText& fstab, const Settings& settings,
                        ContainerConfiguration& configuration) {
  for (auto& entry : TRY(parse_fstab(fstab.text, settings.environment, fstab.origin)))
    (entry.passno < 0 ? configuration.early : configuration.late).push_back(std::move(entry));
  return ok();
}

Result<void> read_mounts(const Settings& settings, ContainerConfiguration& configuration) {
  std::map<std::string, NamedText, std::less<>> of_site;
  for (const auto& shipped : shipped_fstabs()) {
    std::string name(shipped.name);
    of_site[name] = {"built-in mounts.d/" + name, std::string(shipped.text)};
  }
  for (const auto& file : TRY(configuration_files(settings.sysconf_path + "/mounts.d", ".fstab")))
    of_site[file.name] = {file.path, TRY(read_configuration_file(file))};
  for (const auto& [name, fstab] : of_site) TRY(add_mounts(fstab, settings, configuration));
  for (const auto& file : TRY(configuration_files(settings.config_path + "/mounts.d", ".fstab")))
    TRY(add_mounts({file.path, TRY(read_configuration_file(file))}, settings, configuration));
  return ok();
}

Result<void> read_environment(const Settings& settings, ContainerConfiguration& configuration) {
  for (const auto& directory : {settings.sysconf_path, settings.config_path})
    for (const auto& file : TRY(configuration_files(directory + "/environ.d", ".env")))
      for (auto& line :
           TRY(parse_environ_file(TRY(read_configuration_file(file)), settings.environment, file.path)))
        configuration.environment.push_back(std::move(line));
  return ok();
}

Result<void> find_hooks(const Settings& settings, ContainerConfiguration& configuration) {
  std::map<std::string, ConfiguredHook, std::less<>> of_site;
  for (const auto& builtin : builtin_hooks()) {
    std::string name(builtin.name);
    of_site[name] = {name, {}, &builtin};
  }
  for (const auto& file : TRY(configuration_files(settings.sysconf_path + "/hooks.d", ".sh"))) {
    if (file.executable)
      of_site[file.name] = {file.name, file.path};
    else
      of_site.erase(file.name);
  }
  for (auto& [name, hook] : of_site) configuration.hooks.push_back(std::move(hook));
  for (const auto& file : TRY(configuration_files(settings.config_path + "/hooks.d", ".sh")))
    if (file.executable) configuration.hooks.push_back({file.name, file.path});
  return ok();
}

}  // namespace

Result<ContainerConfiguration> read_container_configuration(const Settings& settings) {
  ContainerConfiguration configuration;
  TRY(read_mounts(settings, configuration));
  TRY(read_environment(settings, configuration));
  TRY(find_hooks(settings, configuration));
  return configuration;
}

}  // namespace pyxis
