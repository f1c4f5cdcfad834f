#include "store/store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>

#include "base/text.h"

namespace pyxis {
namespace {

constexpr mode_t private_mode = 0700;

Result<std::string> host_name() {
  std::array<char, 65> name{};  // HOST_NAME_MAX and the final zero
  if (::gethostname(name.data(), name.size() - 1) != 0) return sys_error("gethostname");
  std::string text = name.data();
  if (text.empty() || text.find('/') != text.npos || text[0] == '.')
    return fail("host name '" + printable(text) + "' cannot name a directory");
  return text;
}

// What lies in the store is executed as its user: nobody else may have made or be able to change it.
Result<Fd> own(Fd directory, const std::string& name) {
  TRY(check_owner(directory.get(), name, "set ENROOT_DATA_PATH to a directory of your own"));
  struct stat info;
  if (::fstat(directory.get(), &info) != 0) return sys_error(name);
  if ((info.st_mode & 022) != 0 && ::fchmod(directory.get(), info.st_mode & 07755) != 0)
    return sys_error("chmod " + name);
  return directory;
}

Result<Fd> own_directory(int parent, const std::string& name) {
  return own(TRY(make_directory_at(parent, name, private_mode)), name);
}

}  // namespace

StagingDirectory::StagingDirectory(StagingDirectory&& other) noexcept
    : tmp_(other.tmp_), name_(std::exchange(other.name_, {})), dir_(std::move(other.dir_)) {}

StagingDirectory::~StagingDirectory() {
  if (!name_.empty()) (void)remove_tree(tmp_, name_);
}

Result<void> StagingDirectory::publish(int parent, const std::string& name) {
  if (::renameat2(tmp_, name_.c_str(), parent, name.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno != EINVAL) return sys_error("publish " + name);
    // NFS knows no RENAME_NOREPLACE; a plain rename refuses a non-empty directory as well.
    if (::renameat(tmp_, name_.c_str(), parent, name.c_str()) != 0) return sys_error("publish " + name);
  }
  name_.clear();
  return ok();
}

Result<Store> Store::open_directories(const std::string& path) {
  Store store;
  store.path_ = path;
  store.host_ = TRY(host_name());
  TRY(make_directories(path, private_mode));
  store.root_ = TRY(own(TRY(open_path(path, O_RDONLY | O_DIRECTORY)), path));
  int root = store.root_.get();
  auto layers = TRY(own_directory(root, "layers"));
  store.layers_ = TRY(own_directory(layers.get(), "sha256"));
  auto images = TRY(own_directory(root, "images"));
  store.images_ = TRY(own_directory(images.get(), "sha256"));
  store.refs_ = TRY(own_directory(root, "refs"));
  store.uses_ = TRY(own_directory(root, "uses"));
  auto containers = TRY(own_directory(root, "containers"));
  store.containers_ = TRY(own_directory(containers.get(), store.host_));
  store.tmp_ = TRY(own_directory(root, "tmp"));
  store.locks_ = TRY(own_directory(root, "locks"));
  return store;
}

Result<bool> Store::read_version() {
  auto content = read_file(root_.get(), "version", 4096);
  if (!content.ok() && content.error().code == ENOENT) return false;
  auto text = TRY_CONTEXT(std::move(content), path_);
  // What a crash leaves of a new file. Layers of such a store count as absent, whatever their form.
  if (text.find_first_not_of('\0') == text.npos) return false;
  auto words = split(trim(text), ' ');
  if (words.size() != 3 || words[0] != "pyxis-store" || words[1] != "1" ||
      (words[2] != "overlay" && words[2] != "plain"))
    return fail(path_ + "/version: not a store this release knows: " + printable(join(words, " ")),
                "use the release that made it, or set ENROOT_DATA_PATH to another directory");
  form_ = words[2] == "overlay" ? StoreForm::overlay : StoreForm::plain;
  return true;
}

Result<void> Store::write_version(StoreForm form) {
  auto hold = TRY(lock_exclusive("store"));
  if (TRY(read_version())) return ok();  // somebody else made it meanwhile
  form_ = form;
  return write_file(
      root_.get(), "version",
      std::string("pyxis-store 1 ") + (form == StoreForm::overlay ? "overlay" : "plain") + "\n");
}

Result<StagingDirectory> Store::stage() const {
  static std::atomic<unsigned> counter = 0;
  for (;;) {
    auto name = std::to_string(::getpid()) + "-" + std::to_string(counter++);
    if (::mkdirat(tmp_.get(), name.c_str(), private_mode) != 0) {
      if (errno == EEXIST) continue;
      return sys_error("create directory " + path_ + "/tmp/" + name)
          .with_remedy(errno == ENOSPC ? "free space or inodes there" : "");
    }
    auto dir = open_at(tmp_.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!dir.ok() && dir.error().code != ENOENT) {
      ::unlinkat(tmp_.get(), name.c_str(), AT_REMOVEDIR);
      return std::move(dir).error();
    }
    // A sweeper may have come between mkdir and the lock: then this one is lost, take another.
    if (!dir.ok() || !TRY(try_lock(dir->get(), LockMode::exclusive)) ||
        !still_named(tmp_.get(), name, dir->get()))
      continue;
    return StagingDirectory(tmp_.get(), name, std::move(*dir));
  }
}

// Whoever held the lock before may have removed its file: then the lock is on nothing, and is taken again.
Result<Fd> Store::lock_named(const std::string& name, LockMode mode) const {
  for (;;) {
    auto fd = TRY(open_at(locks_.get(), name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
    TRY(lock(fd.get(), mode));
    if (still_named(locks_.get(), name, fd.get())) return fd;
  }
}

Result<Fd> Store::lock_exclusive(const std::string& name) const {
  return lock_named(name, LockMode::exclusive);
}

Result<Fd> Store::lock_shared(const std::string& name) const {
  return lock_named(name, LockMode::shared);
}

Result<Fd> Store::try_lock_exclusive(const std::string& name) const {
  for (;;) {
    auto fd = TRY(open_at(locks_.get(), name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
    if (!TRY(try_lock(fd.get(), LockMode::exclusive))) return Fd();
    if (still_named(locks_.get(), name, fd.get())) return fd;
  }
}

void Store::discard_lock(const std::string& name) const {
  ::unlinkat(locks_.get(), name.c_str(), 0);
}

Result<void> Store::sweep_staging() const {
  for (const auto& name : TRY(list_directory(tmp_.get()))) {
    auto dir = open_at(tmp_.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (dir.ok()) {
      if (!TRY(try_lock(dir->get(), LockMode::exclusive))) continue;
    } else if (dir.error().code == ENOENT) {
      continue;
    } else if (int code = dir.error().code; code != ENOTDIR && code != ELOOP && code != EACCES) {
      return std::move(dir).error();  // of this process, not of that entry: somebody may live there
    }
    TRY(remove_tree(tmp_.get(), name));
  }
  return of_containers_ ? of_containers_->sweep_staging() : ok();
}

Result<void> Store::sync() const {
  if (::syncfs(root_.get()) != 0) return sys_error("sync " + path_);
  return ok();
}

Result<std::string> current_boot_id() {
  return std::string(trim(TRY(read_file("/proc/sys/kernel/random/boot_id", 4096))));
}

}  // namespace pyxis
