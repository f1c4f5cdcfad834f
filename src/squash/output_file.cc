#include "squash/output_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "base/fs.h"
#include "base/text.h"

namespace pyxis {
namespace {

std::string temporary_prefix(const std::string& name) {
  // With the name it will have, as far as a directory takes it (255 bytes).
  return "." + name.substr(0, 200) + ".pyxis-";
}

std::string temporary_name(const std::string& name) {
  return temporary_prefix(name) + std::to_string(::getpid());
}

bool is_temporary(std::string_view file, std::string_view prefix) {
  return file.starts_with(prefix) && parse_number<uint64_t>(file.substr(prefix.size()));
}

// What processes left that were killed. Best effort: where there are no locks, nothing goes.
void sweep(int directory, const std::string& name) {
  auto opened = open_at(directory, ".", O_RDONLY | O_DIRECTORY);
  auto names = opened.ok() ? list_directory(opened->get()) : Result<std::vector<std::string>>(opened.error());
  if (!names.ok()) return;
  for (const auto& left : *names) {
    if (!is_temporary(left, temporary_prefix(name))) continue;
    auto file = open_at(directory, left, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
    if (!file.ok()) continue;
    auto unused = try_lock(file->get(), LockMode::exclusive);
    if (unused.ok() && *unused && still_named(directory, left, file->get()))
      ::unlinkat(directory, left.c_str(), 0);
  }
}

// With the lock that keeps others from sweeping it away.
Result<Fd> make_temporary(int directory, const std::string& name, mode_t mode) {
  for (;;) {
    auto file = TRY(open_at(directory, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode));
    auto locked = try_lock(file.get(), LockMode::exclusive);
    if (!locked.ok() || (*locked && still_named(directory, name, file.get()))) return file;
  }
}

// renameat2(2); file systems without RENAME_NOREPLACE know link(2).
int rename_without_replacing(int directory, const std::string& from, const std::string& to) {
  int status = ::renameat2(directory, from.c_str(), directory, to.c_str(), RENAME_NOREPLACE);
  if (status == 0 || (errno != EINVAL && errno != ENOSYS)) return status;
  if (::linkat(directory, from.c_str(), directory, to.c_str(), 0) != 0) return -1;
  return ::unlinkat(directory, from.c_str(), 0);
}

}  // namespace

OutputFile::OutputFile(int directory, std::string name, Fd file, std::string temporary)
    : directory_(directory),
      name_(std::move(name)),
      file_(std::move(file)),
      temporary_(std::move(temporary)) {}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : directory_(other.directory_),
      name_(std::move(other.name_)),
      file_(std::move(other.file_)),
      temporary_(std::exchange(other.temporary_, {})) {}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) ::unlinkat(directory_, temporary_.c_str(), 0);
}

Result<OutputFile> OutputFile::create(int directory, const std::string& name) {
  constexpr mode_t mode = 0666;  // less the umask
  sweep(directory, name);
  auto unnamed = open_at(directory, ".", O_TMPFILE | O_RDWR, mode);
  if (unnamed.ok()) {
    (void)try_lock(unnamed->get(), LockMode::exclusive);  // it has a name for a moment before it replaces
    return OutputFile(directory, name, std::move(*unnamed), {});
  }
  auto temporary = temporary_name(name);
  auto file = make_temporary(directory, temporary, mode);
  // On a file server, of a process of this number elsewhere.
  constexpr unsigned most_tries = 100;
  for (unsigned i = 0; !file.ok() && file.error().code == EEXIST && i < most_tries; ++i)
    file = make_temporary(directory, temporary = temporary_name(name) + std::to_string(i), mode);
  return OutputFile(directory, name, TRY(std::move(file)), temporary);
}

Result<void> OutputFile::give_name(bool replace) {
  if (temporary_.empty()) {
    auto first_name = replace ? temporary_name(name_) : name_;
    if (replace) ::unlinkat(directory_, first_name.c_str(), 0);
    if (::linkat(AT_FDCWD, fd_path(file_.get()).c_str(), directory_, first_name.c_str(), AT_SYMLINK_FOLLOW) !=
        0)
      return sys_error(printable(name_));
    if (!replace) return ok();
    temporary_ = first_name;
  }
  int status = replace ? ::renameat(directory_, temporary_.c_str(), directory_, name_.c_str())
                       : rename_without_replacing(directory_, temporary_, name_);
  if (status != 0) return sys_error(printable(name_));
  temporary_.clear();
  return ok();
}

Result<void> OutputFile::publish(bool replace) {
  if (replace && ::fdatasync(file_.get()) != 0 && errno != EINVAL && errno != ENOSYS)
    return sys_error("write " + printable(name_) + " to disk");
  int copy = ::fcntl(file_.get(), F_DUPFD_CLOEXEC, 0);
  if (copy < 0 || ::close(copy) != 0) return sys_error("close " + printable(name_));
  return give_name(replace);
}

}  // namespace pyxis
