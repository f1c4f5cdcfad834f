#include "enroot/notes.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>

#include "base/fs.h"
#include "base/text.h"

namespace pyxis::enroot {
namespace {

const std::string forgotten = ".forgotten-";

bool is_forgotten(const std::string& name) {
  return name.starts_with(forgotten);
}

std::optional<std::string> read_link(int directory, const char* name) {
  std::array<char, PATH_MAX> buffer;
  ssize_t length = ::readlinkat(directory, name, buffer.data(), buffer.size());
  if (length <= 0) return std::nullopt;
  return std::string(buffer.data(), static_cast<size_t>(length));
}

}  // namespace

std::string notes_path(const std::string& runtime_dir) {
  return runtime_dir + "/enroot/containers";
}

Result<Notes> Notes::decide(const std::string& runtime_dir, const std::string& container) {
  Notes notes;
  notes.container_ = container;
  auto parent = notes_path(runtime_dir);
  notes.path_ = parent + "/" + container;
  TRY(make_directories(parent, 0700));
  notes.parent_ = TRY(open_path(parent, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  TRY(check_owner(notes.parent_.get(), parent, "remove it"));
  // Whoever was before us may remove the directory at each step of the way: then the way begins anew.
  for (;;) {
    auto locked = notes.lock_directory();
    if (!locked.ok() && locked.error().code != ENOENT) return std::move(locked).error();
    if (locked.ok() && *locked) return notes;
  }
}

// False where what is locked then is not the container's any more.
Result<bool> Notes::lock_directory() {
  directory_ = TRY(make_directory_at(parent_.get(), container_, 0700));
  lock_ = TRY(open_at(directory_.get(), "lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
  TRY(lock(lock_.get(), LockMode::exclusive));
  return still_named(parent_.get(), container_ + "/lock", lock_.get());
}

Result<void> Notes::decided() {
  return unlock(lock_.get());
}

// Out of the way in one step: whoever makes the directory anew meanwhile keeps it.
Result<void> Notes::forget() {
  static unsigned count = 0;
  auto name = forgotten + std::to_string(::getpid()) + "-" + std::to_string(count++);
  if (::renameat(parent_.get(), container_.c_str(), parent_.get(), name.c_str()) != 0)
    return sys_error(path_);
  TRY(remove_tree(parent_.get(), name));
  return decided();
}

Result<Fd> Notes::use() const {
  auto file = TRY(open_at(directory_.get(), "use", O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
  TRY(lock(file.get(), LockMode::shared));
  return file;
}

Result<bool> Notes::sole_user(const Fd& use) const {
  if (use) return try_lock(use.get(), LockMode::exclusive);
  auto file = TRY(open_at(directory_.get(), "use", O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
  return try_lock(file.get(), LockMode::exclusive);
}

Result<void> Notes::note_owner(const ProcessIdentity& owner) const {
  return note_identity("owner", owner);
}
Result<void> Notes::note_made() const {
  TRY(open_at(directory_.get(), "made", O_WRONLY | O_CREAT | O_NOFOLLOW, 0600));
  return ok();
}
bool Notes::made() const {
  return ::faccessat(directory_.get(), "made", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
Result<void> Notes::note_process(const ProcessIdentity& process) const {
  return note_identity("process", process);
}

Result<void> Notes::note_identity(const char* name, const ProcessIdentity& process) const {
  return write_file(
      directory_.get(), name,
      std::to_string(process.pid) + " " + std::to_string(process.start_time) + " " + process.boot_id, 0600);
}

std::optional<ProcessIdentity> Notes::read_identity(const char* name) const {
  constexpr size_t limit = 4096;
  auto text = read_file(directory_.get(), name, limit);
  if (!text.ok()) return std::nullopt;
  auto fields = split(*text, ' ');
  if (fields.size() != 3) return std::nullopt;
  return ProcessIdentity{parse_number<pid_t>(fields[0]).value_or(0),
                         parse_number<unsigned long long>(fields[1]).value_or(0), fields[2]};
}

Result<std::string> Notes::make_staging(const std::string& parent) const {
  TRY(remove_staging());
  auto path = parent + "/pyxis-enroot-XXXXXX";
  if (!::mkdtemp(path.data())) return sys_error("make a directory for the image file in " + parent);
  if (::symlinkat(path.c_str(), directory_.get(), "staging") != 0) {
    auto error = sys_error(path_ + "/staging");
    ::rmdir(path.c_str());
    return error;
  }
  return path;
}

// The link is in a directory that only the user can write to, and so is what it leads to.
Result<void> Notes::remove_staging() const {
  auto path = read_link(directory_.get(), "staging");
  if (!path) return ok();
  auto slash = path->rfind('/');
  if (slash == path->npos || slash == 0) return ok();
  auto parent = open_path(path->substr(0, slash), O_RDONLY | O_DIRECTORY);
  if (parent.ok()) TRY(remove_tree(parent->get(), path->substr(slash + 1)));
  ::unlinkat(directory_.get(), "staging", 0);
  return ok();
}

Result<std::vector<std::string>> noted_containers(const std::string& runtime_dir) {
  auto directory = open_path(notes_path(runtime_dir), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!directory.ok()) {
    if (directory.error().code == ENOENT) return std::vector<std::string>();
    return std::move(directory).error();
  }
  auto names = TRY(list_directory(directory->get()));
  std::erase_if(names, is_forgotten);
  return names;
}

Result<void> remove_forgotten(const std::string& runtime_dir) {
  auto directory = open_path(notes_path(runtime_dir), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!directory.ok()) return directory.error().code == ENOENT ? ok() : std::move(directory).error();
  for (const auto& name : TRY(list_directory(directory->get())))
    if (is_forgotten(name)) TRY(remove_tree(directory->get(), name));
  return ok();
}

}  // namespace pyxis::enroot
