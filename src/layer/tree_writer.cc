#include "layer/tree_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>

#include "base/fs.h"
#include "base/text.h"
#include "layer/copy.h"
#include "layer/layer_marks.h"

namespace pyxis {
namespace {

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr mode_t implied_mode = 0755;      // of directories the archive needs but does not have
constexpr size_t implied_limit = 8 << 20;  // beyond this many bytes of names they are not remembered

// The process's umask, without changing it for a moment (other threads create files too). All bits if
// unknown.
mode_t current_umask() {
  auto status = read_file("/proc/self/status");
  if (!status.ok()) return 07777;
  for (const auto& line : split(*status, '\n'))
    if (line.starts_with("Umask:")) return static_cast<mode_t>(std::stoul(line.substr(6), nullptr, 8));
  return 07777;
}

mode_t directory_mode(mode_t archived) {
  return (archived & 01777) | 0700;
}
mode_t file_mode(mode_t archived) {
  return (archived & 0777) | 0400;
}

// Best effort: not every file system has them, and a layer is usable without.
void set_user_xattrs(int fd, const TarEntry& entry) {
  for (const auto& [name, value] : entry.xattrs)
    if (name.starts_with("user.") && !name.starts_with(overlay_xattr_prefix))
      ::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0);
}

Result<void> set_time(int fd, const timespec& mtime) {
  const timespec times[2] = {{0, UTIME_OMIT}, mtime};
  if (::futimens(fd, times) != 0 && errno != EINVAL) return sys_error("set time");
  return ok();
}

}  // namespace

Result<TreeWriter> TreeWriter::open(int destination, LayerForm form, LayerFacts& facts) {
  TreeWriter writer(form, facts);
  auto root = TRY(open_at(destination, ".", directory_flags));
  struct stat info;
  if (::fstat(root.get(), &info) != 0) return sys_error("stat");
  // Also drops a setgid bit, which children would inherit.
  if (::fchmod(root.get(), implied_mode) != 0) return sys_error("chmod");
  // A default ACL takes the umask's place.
  if (::fgetxattr(root.get(), "system.posix_acl_default", nullptr, 0) < 0)
    writer.late_bits_ = current_umask();
  writer.stack_.push_back({"", std::move(root), info.st_mtim, false});
  return writer;
}

Result<TreeWriter::Found> TreeWriter::look(int dir, const std::string& name) {
  struct stat info;
  if (::fstatat(dir, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return Found::nothing;
    return sys_error("stat");
  }
  if (S_ISDIR(info.st_mode)) return Found::directory;
  if (S_ISLNK(info.st_mode)) return Found::symlink;
  return is_whiteout(info) ? Found::whiteout : Found::other;
}

template <class Make>
Result<void> TreeWriter::make_anew(const std::string& name, const std::string& step, Make make) {
  if (make() == 0) return ok();
  if (errno == EEXIST) {
    TRY(remove_tree(current(), name));
    if (make() == 0) return ok();
  }
  return sys_error(step);
}

Result<void> TreeWriter::leave_to(size_t depth) {
  while (stack_.size() > depth) {
    auto& directory = stack_.back();
    if (directory.timed)
      TRY_CONTEXT(set_time(directory.fd.get(), directory.mtime), printable(directory.name));
    stack_.pop_back();
  }
  return ok();
}

Result<int> TreeWriter::enter(const std::vector<std::string>& parents, const timespec& implied_time) {
  size_t shared = 0;
  while (shared < parents.size() && shared + 1 < stack_.size() && stack_[shared + 1].name == parents[shared])
    ++shared;
  TRY(leave_to(shared + 1));
  for (; shared < parents.size(); ++shared)
    TRY_CONTEXT(open_parent(parents[shared], implied_time), "directory " + printable(parents[shared]));
  return current();
}

Result<void> TreeWriter::open_parent(const std::string& name, const timespec& implied_time) {
  Fd fd(::openat(current(), name.c_str(), directory_flags));
  if (fd) {
    struct stat info;
    if (::fstat(fd.get(), &info) != 0) return sys_error("stat");
    stack_.push_back({name, std::move(fd), info.st_mtim, true});
    return ok();
  }
  if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) return sys_error("open");
  auto found = TRY(look(current(), name));
  if (found == Found::symlink) return fail("is a symbolic link of the same layer, which is never followed");
  if (found == Found::other) return fail("is a file of the same layer");
  if (found == Found::whiteout && ::unlinkat(current(), name.c_str(), 0) != 0)
    return sys_error("remove whiteout");
  fd = TRY(make_directory(name, implied_mode, found == Found::whiteout));
  stack_.push_back({name, std::move(fd), implied_time, true});
  if (found == Found::nothing) remember_implied();
  return ok();
}

void TreeWriter::remember_implied() {
  std::string path;
  for (size_t i = 1; i < stack_.size(); ++i) path += (i > 1 ? "/" : "") + stack_[i].name;
  implied_bytes_ += path.size() + sizeof path;
  if (implied_bytes_ <= implied_limit) facts_->implied_directories.insert(std::move(path));
}

Result<Fd> TreeWriter::make_directory(const std::string& name, mode_t mode, bool opaque) {
  if (::mkdirat(current(), name.c_str(), mode) != 0) return sys_error("create directory");
  Fd fd(::openat(current(), name.c_str(), directory_flags));
  if (!fd) return sys_error("open directory");
  if ((mode & late_bits_) && ::fchmod(fd.get(), mode) != 0) return sys_error("chmod");
  if (opaque) TRY(mark_opaque(fd.get()));
  ++facts_->directories;
  return fd;
}

Result<void> TreeWriter::mark_opaque(int dir) {
  if (TRY(make_opaque(dir, form_))) ++facts_->opaque_directories;
  return ok();
}

Result<void> TreeWriter::add_directory(const EntryPath& path, const TarEntry& entry) {
  mode_t mode = directory_mode(entry.mode);
  TRY(enter(path.parents, entry.mtime));
  if (path.is_root()) {
    if (::fchmod(root(), mode) != 0) return sys_error("chmod");
    set_user_xattrs(root(), entry);
    stack_.front().mtime = entry.mtime;
    stack_.front().timed = true;
    return ok();
  }
  auto made = make_directory(path.leaf, mode, false);
  if (!made.ok() && made.error().code == EEXIST) made = remake_directory(path.leaf, mode);
  auto fd = TRY(std::move(made));
  set_user_xattrs(fd.get(), entry);
  if (!facts_->implied_directories.empty()) facts_->implied_directories.erase(path.text());
  stack_.push_back({path.leaf, std::move(fd), entry.mtime, true});
  return ok();
}

// The name exists: a directory gets the new entry's mode and keeps what is in it, anything else gives way.
Result<Fd> TreeWriter::remake_directory(const std::string& name, mode_t mode) {
  if (TRY(look(current(), name)) == Found::directory) {
    auto fd = TRY(open_at(current(), name, directory_flags));
    if (::fchmod(fd.get(), mode) != 0) return sys_error("chmod");
    return fd;
  }
  TRY(remove_tree(current(), name));
  // Whatever this layer had there hid the directory below, so what was in that stays hidden.
  return make_directory(name, mode, true);
}

Result<void> TreeWriter::set_link_time(const std::string& name, const TarEntry& entry) {
  const timespec times[2] = {{0, UTIME_OMIT}, entry.mtime};
  if (::utimensat(current(), name.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0 && errno != EINVAL)
    return sys_error("set time");
  return ok();
}

Result<void> TreeWriter::add_symlink(const EntryPath& path, const TarEntry& entry) {
  TRY(enter(path.parents, entry.mtime));
  TRY(make_anew(path.leaf, "create symbolic link",
                [&] { return ::symlinkat(entry.target.c_str(), current(), path.leaf.c_str()); }));
  ++facts_->symlinks;
  return set_link_time(path.leaf, entry);
}

Result<void> TreeWriter::add_fifo(const EntryPath& path, const TarEntry& entry) {
  TRY(enter(path.parents, entry.mtime));
  mode_t mode = file_mode(entry.mode);
  TRY(make_anew(path.leaf, "create fifo", [&] { return ::mkfifoat(current(), path.leaf.c_str(), mode); }));
  // fchmodat follows links, but this is the fifo just made in a directory only we can reach.
  if ((mode & late_bits_) && ::fchmodat(current(), path.leaf.c_str(), mode, 0) != 0)
    return sys_error("chmod");
  ++facts_->fifos;
  return set_link_time(path.leaf, entry);
}

Result<Fd> TreeWriter::create_file(const EntryPath& path, const TarEntry& entry) {
  TRY(enter(path.parents, entry.mtime));
  Fd fd;
  TRY(make_anew(path.leaf, "create", [&] {
    fd.reset(::openat(current(), path.leaf.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                      file_mode(entry.mode)));
    return fd ? 0 : -1;
  }));
  ++facts_->files;
  return fd;
}

Result<void> TreeWriter::close_file(Fd file, const TarEntry& entry) {
  mode_t mode = file_mode(entry.mode);
  bool unwritable = !entry.xattrs.empty() && !(mode & 0200);  // user.* wants the mode to allow writing
  if (unwritable && ::fchmod(file.get(), mode | 0200) != 0) return sys_error("chmod");
  set_user_xattrs(file.get(), entry);
  if ((unwritable || (mode & late_bits_)) && ::fchmod(file.get(), mode) != 0) return sys_error("chmod");
  TRY(set_time(file.get(), entry.mtime));
  if (::close(file.release()) != 0 && errno != EINTR)
    return sys_error("close");  // NFS reports a full disk here
  return ok();
}

Result<Fd> TreeWriter::find_parent(const EntryPath& path) {
  auto fd = TRY(open_at(root(), ".", O_PATH | O_DIRECTORY));
  for (const auto& name : path.parents) fd = TRY(open_at(fd.get(), name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  return fd;
}

Result<bool> TreeWriter::present(const EntryPath& path) {
  auto parent = find_parent(path);
  if (!parent.ok()) return false;
  auto found = TRY(look(parent->get(), path.leaf));
  return found != Found::nothing && found != Found::whiteout;
}

Result<bool> TreeWriter::add_hard_link(const EntryPath& path, const EntryPath& target,
                                       const TarEntry& entry) {
  TRY(enter(path.parents, entry.mtime));
  auto target_dir = find_parent(target);
  struct stat from {
  }, to{};
  bool known = target_dir.ok() &&
               ::fstatat(target_dir->get(), target.leaf.c_str(), &from, AT_SYMLINK_NOFOLLOW) == 0 &&
               !is_whiteout(from);
  if (known && S_ISDIR(from.st_mode))
    return fail("is a hard link to the directory " + printable(target.text()));
  if (!known) {
    if (TRY(look(current(), path.leaf)) != Found::whiteout) TRY(remove_tree(current(), path.leaf));
    return false;
  }
  ++facts_->hard_links;
  if (::fstatat(current(), path.leaf.c_str(), &to, AT_SYMLINK_NOFOLLOW) == 0 && to.st_ino == from.st_ino)
    return true;
  int parent = target_dir->get();
  auto linked = make_anew(path.leaf, "hard link to " + printable(target.text()), [&] {
    return ::linkat(parent, target.leaf.c_str(), current(), path.leaf.c_str(), 0);
  });
  if (linked.ok()) return true;
  // Too many links to one file, or a file system without them: a copy serves as well.
  if (linked.error().code != EMLINK && linked.error().code != EPERM && linked.error().code != ENOTSUP)
    return std::move(linked).error();
  TRY(copy_node(parent, target.leaf, current(), path.leaf));
  return true;
}

Result<void> TreeWriter::add_whiteout(const EntryPath& path, const TarEntry& entry) {
  TRY(enter(path.parents, entry.mtime));
  auto made = make_whiteout(current(), path.leaf, form_);
  if (made.ok()) {
    ++facts_->whiteouts;
    return ok();
  }
  if (made.error().code != EEXIST) return made;
  if (TRY(look(current(), path.leaf)) != Found::directory) return ok();  // what the layer adds stays
  auto directory = TRY(open_at(current(), path.leaf, directory_flags));
  return mark_opaque(directory.get());
}

Result<void> TreeWriter::add_opaque(const EntryPath& path, const TarEntry& entry) {
  TRY(enter(path.parents, entry.mtime));
  if (path.parents.empty()) facts_->hides_lower_layers = true;
  return mark_opaque(current());
}

Result<void> TreeWriter::finish() {
  TRY(leave_to(1));
  if (stack_.front().timed) return set_time(root(), stack_.front().mtime);
  return ok();
}

}  // namespace pyxis
