#include "bundle/workspace.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"

namespace pyxis {
namespace {

std::string name_prefix() {
  return "pyxis-bundle-" + std::to_string(::getuid()) + ".";
}

bool is_own(int fd) {
  struct stat info;
  return ::fstat(fd, &info) == 0 && info.st_uid == ::getuid();
}

// Whoever works in one holds a lock on it.
void sweep(const std::string& parent) {
  auto directory = open_path(parent, O_RDONLY | O_DIRECTORY);
  if (!directory.ok()) return;
  auto names = list_directory(directory->get());
  if (!names.ok()) return;
  for (const auto& name : *names) {
    if (!name.starts_with(name_prefix())) continue;
    auto left = open_at(directory->get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!left.ok() || !is_own(left->get())) continue;
    auto unused = try_lock(left->get(), LockMode::exclusive);
    if (unused.ok() && *unused) (void)remove_tree(directory->get(), name);
  }
}

// A new directory in `parent` and the lock on it. Another bundle's sweep may have come between the two: then
// this one is lost, and another is taken.
Result<std::pair<std::string, Fd>> make_locked(const std::string& parent) {
  for (;;) {
    auto path = parent + "/" + name_prefix() + "XXXXXX";
    if (!::mkdtemp(path.data()))
      return sys_error("make a directory in " + parent)
          .with_remedy("set TMPDIR to a directory you can write to");
    auto directory = open_path(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!directory.ok() && directory.error().code == ENOENT) continue;
    if (!directory.ok()) return std::move(directory).error();
    if (TRY(try_lock(directory->get(), LockMode::exclusive)) &&
        still_named(AT_FDCWD, path, directory->get()))
      return std::pair(std::move(path), std::move(*directory));
  }
}

Result<void> write_files(const std::string& path, const BundleFacts& facts, const std::string& bundle_path) {
  auto top = TRY(open_path(path, O_RDONLY | O_DIRECTORY));
  for (const auto& file : facts.files) {
    auto slash = file.path.rfind('/');
    TRY(make_directories(path + "/" + file.path.substr(0, slash), 0700));
    TRY(write_file(top.get(), file.path, file.content, file.executable ? 0700 : 0600));
  }
  // The name under which the program mounts the lines of an fstab.
  if (::symlinkat(bundle_path.c_str(), top.get(), "pyxis-hooks/enroot-mount") != 0)
    return sys_error("make a link in " + path);
  return ok();
}

}  // namespace

Result<Workspace> Workspace::make(const std::string& parent, const BundleFacts& facts,
                                  const std::string& bundle_path) {
  sweep(parent);
  auto [path, lock] = TRY(make_locked(parent));
  Workspace workspace(path, std::move(lock));
  TRY(write_files(path, facts, bundle_path));
  return workspace;
}

Workspace::~Workspace() {
  if (path_.empty()) return;
  (void)remove_tree(AT_FDCWD, path_);
}

}  // namespace pyxis
