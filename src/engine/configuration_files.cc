#include "engine/configuration_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/fs.h"
#include "base/writers.h"

namespace pyxis {
namespace {

bool is_empty_device(const struct stat& info) {
  constexpr unsigned memory_devices = 1, null_device = 3;  // Documentation/admin-guide/devices.txt
  return S_ISCHR(info.st_mode) && ::major(info.st_rdev) == memory_devices &&
         ::minor(info.st_rdev) == null_device;
}

Result<struct stat> status_of(const Fd& file, const std::string& path) {
  struct stat info;
  if (::fstat(file.get(), &info) != 0) return sys_error(path);
  return info;
}

// The file at `path`, which is called `name` in its directory.
Result<ConfigurationFile> open_file(const std::string& path, const std::string& name) {
  ConfigurationFile file{name, path, {}, false, false};
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
  for (const auto& name : names) files.push_back(open_file(directory + "/" + name, name));
  return files;
}

Result<std::vector<ConfigurationFile>> configuration_files(const std::string& directory,
                                                           std::string_view suffix) {
  std::vector<ConfigurationFile> files;
  for (auto& file : TRY(each_configuration_file(directory, {suffix}))) files.push_back(TRY(std::move(file)));
  return files;
}

Result<std::vector<ConfigurationText>> configuration_with_extras(const std::string& directory,
                                                                 const std::string& name,
                                                                 std::string_view suffix) {
  std::vector<ConfigurationText> texts;
  auto place = open_path(directory, O_PATH | O_DIRECTORY);
  if (!place.ok() && place.error().code == ENOENT) return texts;
  if (!place.ok()) return std::move(place).error();
  auto file = open_file(directory + "/" + name, name);
  if (!file.ok() && file.error().code != ENOENT) return std::move(file).error();
  if (file.ok()) {
    TRY(check_writers(TRY(status_of(*place, directory)), directory));
    texts.push_back({file->path, TRY(read_configuration_file(*file))});
  }
  for (const auto& extra : TRY(configuration_files(directory + "/" + name + ".d", suffix)))
    texts.push_back({extra.path, TRY(read_configuration_file(extra))});
  return texts;
}

Result<std::string> read_configuration_file(const ConfigurationFile& file) {
  constexpr size_t largest = 1 << 20;
  if (file.empty_device) return std::string();
  auto readable = open_path(fd_path(file.file.get()), O_RDONLY);
  if (!readable.ok()) return sys_error(file.path, readable.error().code);
  return TRY_CONTEXT(read_fd(readable->get(), largest), file.path);
}

}  // namespace pyxis
