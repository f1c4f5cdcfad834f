#include "engine/configuration_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/fs.h"
#include "base/text.h"

namespace pyxis {
namespace {

bool is_empty_device(const struct stat& info) {
  constexpr unsigned memory_devices = 1, null_device = 3;  // Documentation/admin-guide/devices.txt
  return S_ISCHR(info.st_mode) && ::major(info.st_rdev) == memory_devices &&
         ::minor(info.st_rdev) == null_device;
}

// In a user namespace, as in a container, files of the host's root appear as those of the overflow id.
bool may_be_roots(uid_t owner) {
  constexpr auto all_ids = "         0          0 4294967295";  // user_namespaces(7)
  auto map = read_file("/proc/self/uid_map", 4096);
  auto overflow = read_file("/proc/sys/kernel/overflowuid", 4096);
  return map.ok() && trim(*map) != trim(all_ids) && overflow.ok() &&
         parse_number<uid_t>(trim(*overflow)) == owner;
}

// With a umask of 0002, as where each user has a group of his own, the group may write all that he makes.
// Whom he has in his primary group is his, or his admin's, to decide.
bool of_user_alone(const struct stat& info) {
  return info.st_uid == ::getuid() && info.st_uid != 0 && info.st_gid == ::getgid();
}

Result<void> check_writers(const struct stat& info, const std::string& path) {
  if (info.st_uid != 0 && info.st_uid != ::getuid() && !may_be_roots(info.st_uid))
    return Error{path + " belongs to another user (uid " + std::to_string(info.st_uid) + ")",
                 "configuration must belong to root or to you", EPERM};
  mode_t of_others = of_user_alone(info) ? S_IWOTH : S_IWGRP | S_IWOTH;
  if ((info.st_mode & of_others) != 0)
    return Error{path + " can be changed by other users", "chmod go-w " + path, EPERM};
  return ok();
}

Result<struct stat> status_of(const Fd& file, const std::string& path) {
  struct stat info;
  if (::fstat(file.get(), &info) != 0) return sys_error(path);
  return info;
}

Result<ConfigurationFile> open_file(const std::string& directory, const std::string& name) {
  ConfigurationFile file{name, directory + "/" + name, {}, false, false};
  file.file = TRY(open_path(file.path, O_PATH));
  auto info = TRY(status_of(file.file, file.path));
  file.empty_device = is_empty_device(info);
  if (file.empty_device) return file;
  if (!S_ISREG(info.st_mode)) return fail(file.path + " is not a regular file");
  TRY(check_writers(info, file.path));
  file.executable = (info.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0;
  return file;
}

}  // namespace

Result<std::vector<Result<ConfigurationFile>>> each_configuration_file(
    const std::string& directory, const std::vector<std::string_view>& suffixes) {
  std::vector<Result<ConfigurationFile>> files;
  auto opened = open_path(directory, O_RDONLY | O_DIRECTORY);
  if (!opened.ok() && opened.error().code == ENOENT) return files;
  auto listed = TRY(std::move(opened));
  TRY(check_writers(TRY(status_of(listed, directory)), directory));
  auto names = TRY_CONTEXT(list_directory(listed.get()), directory);
  std::erase_if(names, [&](const std::string& name) {
    return name.starts_with('.') ||
           std::ranges::none_of(suffixes, [&](auto suffix) { return name.ends_with(suffix); });
  });
  std::sort(names.begin(), names.end());
  for (const auto& name : names) files.push_back(open_file(directory, name));
  return files;
}

Result<std::vector<ConfigurationFile>> configuration_files(const std::string& directory,
                                                           std::string_view suffix) {
  std::vector<ConfigurationFile> files;
  for (auto& file : TRY(each_configuration_file(directory, {suffix}))) files.push_back(TRY(std::move(file)));
  return files;
}

Result<std::string> read_configuration_file(const ConfigurationFile& file) {
  constexpr size_t largest = 1 << 20;
  if (file.empty_device) return std::string();
  auto readable = open_path(fd_path(file.file.get()), O_RDONLY);
  if (!readable.ok()) return sys_error(file.path, readable.error().code);
  return TRY_CONTEXT(read_fd(readable->get(), largest), file.path);
}

}  // namespace pyxis
