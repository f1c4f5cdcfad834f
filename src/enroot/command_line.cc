#include "enroot/command_line.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace pyxis::enroot {
namespace {

// A field of an fstab between colons.
std::string field(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    bool variable = text.substr(i).starts_with("${");
    if (std::string_view(" \t\n:\\").find(text[i]) == text.npos && !variable) {
      out += text[i];
      continue;
    }
    auto byte = static_cast<unsigned char>(text[i]);
    out += '\\';
    for (int shift : {6, 3, 0}) out += static_cast<char>('0' + ((byte >> shift) & 7));
  }
  return out;
}

// Without what is said to our own engine only.
std::string flags_for_enroot(const std::string& flags) {
  auto options = split(flags, ',');
  std::erase(options, own_mount_option);
  return join(options, ",");
}

std::string mount_of_file(const std::string& source, const std::string& target) {
  return mount_argument({source, target, "x-create=file,bind"});
}

// The values that are the job's in the entry point, too. (In the tasks the plugin lets them win, also those
// of several lines, which enroot cannot be given.)
void add_variables(Arguments& arguments, const StartRequest& request) {
  const auto job = Environment::from(request.job_env);
  for (const auto& name : request.env_names)
    if (auto value = job.get(name); value && value->find('\n') == value->npos)
      arguments.insert(arguments.end(), {"--env", name + "=" + *value});
}

void add_mounts(Arguments& arguments, const StartRequest& request, const Leader& leader) {
  auto add = [&](std::string argument) {
    arguments.insert(arguments.end(), {"--mount", std::move(argument)});
  };
  add(mount_argument({"tmpfs", leader_directory, "x-create=dir,size=64k,mode=755"}));
  add(mount_of_file(leader.program, leader_program));
  add(mount_of_file(leader.socket, leader_socket));
  for (const auto& mount : request.mounts) add(mount_argument(mount));
}

}  // namespace

Arguments version_command() {
  return {"enroot", "version"};
}
Arguments list_command() {
  return {"enroot", "list"};
}
Arguments list_processes_command() {
  return {"enroot", "list", "--fancy"};
}
Arguments import_command(const std::string& uri, const std::string& image_file) {
  return {"enroot", "import", "--output", image_file, uri};
}
Arguments load_command(const std::string& uri, const std::string& name) {
  return {"enroot", "load", "--force", "--name", name, uri};
}
Arguments create_command(const std::string& image_file, const std::string& name) {
  return {"enroot", "create", "--force", "--name", name, image_file};
}
Arguments export_command(const std::string& name, const std::string& image_file) {
  return {"enroot", "export", "--force", "--output", image_file, name};
}
Arguments remove_command(const std::string& name) {
  return {"enroot", "remove", "--force", name};
}

std::string mount_argument(const MountRequest& mount) {
  bool tmpfs = mount.source == "tmpfs", umount = mount.source == "umount";
  return (umount ? "none" : field(mount.source)) + ":" + field(mount.target) + ":" +
         (tmpfs ? "tmpfs" : "none") + ":" + field(flags_for_enroot(mount.flags));
}

Arguments start_command(const std::string& what, const StartRequest& request, const Leader& leader) {
  Arguments arguments = {"enroot", "start"};
  for (const auto& name : request.unshare) arguments.push_back("--" + name);
  if (!leader.rc.empty()) arguments.insert(arguments.end(), {"--rc", leader.rc});
  add_variables(arguments, request);
  add_mounts(arguments, request, leader);
  arguments.insert(arguments.end(), {what, leader_program, leader_socket});
  if (!leader.rc.empty() && request.workdir.empty()) arguments.push_back(leader_enters_workdir);
  return arguments;
}

Environment tool_environment(const Environment& given, const StartRequest& request) {
  auto environment = given;
  for (const auto* name : {"LANG", "LANGUAGE", "LC_ALL"})
    if (std::ranges::find(request.env_names, name) == request.env_names.end()) environment.unset(name);
  auto choose = [&](const char* setting, std::optional<bool> choice) {
    if (choice) environment.set(setting, *choice ? "yes" : "no");
  };
  choose("ENROOT_MOUNT_HOME", request.mount_home);
  choose("ENROOT_REMAP_ROOT", request.remap_root);
  choose("ENROOT_ROOTFS_WRITABLE", request.writable);
  choose("ENROOT_UNSHARE_PID", false);  // a task, which is running already, cannot change its pid namespace
  choose("ENROOT_LOGIN_SHELL",
         false);  // which reads /etc/profile, and that may replace the PATH of the image
  return environment;
}

std::vector<std::string> container_environment(const Environment& given,
                                               const std::vector<std::string>& inside) {
  constexpr std::array shells_own = {"_", "SHLVL", "PWD", "OLDPWD"};
  auto kept = Environment::from(inside);
  const auto all = kept;
  for (const auto& [name, value] : all.values()) {
    bool passed_on = given.get(name) == value && name != "HOME";
    if (passed_on || name.starts_with("ENROOT_") || std::ranges::find(shells_own, name) != shells_own.end())
      kept.unset(name);
  }
  return kept.lines();
}

}  // namespace pyxis::enroot
