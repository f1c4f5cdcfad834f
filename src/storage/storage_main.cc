// `pyxis-storage serve UID GID ASK HTTP-REGISTRIES`: the node's shared store, for one user's step. Started by
// the plugin, as root.
//
// Two processes. The parent keeps the one right that id-mapped mounts take; the keeper has none, and does all
// the rest as the store's user. Nothing that a user has sent is looked at before both are what they are to
// be.
#include <fcntl.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <string_view>

#include "base/fs.h"
#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "contract/storage.h"
#include "storage/confine.h"
#include "storage/keeper.h"
#include "storage/layout.h"
#include "storage/parent.h"

namespace pyxis {
namespace {

Result<Owner> find_store_owner() {
  errno = 0;
  const auto* entry = ::getpwnam(storage_user);
  if (!entry)
    return fail(
        std::string("there is no user ") + storage_user,
        std::string("make it: useradd --system --no-create-home --shell /usr/sbin/nologin ") + storage_user);
  if (entry->pw_uid == 0) return fail(std::string("the user ") + storage_user + " is root");
  return Owner{entry->pw_uid, entry->pw_gid};
}

// Only below directories that root alone can change is what root makes what it seems to be.
Result<Fd> root_directory(int parent, const std::string& name, mode_t mode) {
  auto directory = TRY(make_directory_at(parent, name, mode));
  struct stat info;
  if (::fstat(directory.get(), &info) != 0) return sys_error(name);
  if (info.st_uid != 0 || (info.st_mode & 022) != 0)
    return fail(name + " can be changed by others than root");
  return directory;
}

Result<Fd> directory_of(int parent, const std::string& name, const Owner& owner) {
  auto directory = TRY(make_directory_at(parent, name, 0700));
  struct stat info;
  if (::fstat(directory.get(), &info) != 0) return sys_error(name);
  if (info.st_uid == 0 && owner.uid != 0 && ::fchown(directory.get(), owner.uid, owner.gid) != 0)
    return sys_error("give " + name + " to its user");
  if (info.st_uid != 0 && info.st_uid != owner.uid) return fail(name + " is another user's");
  return directory;
}

// The directories of layout.h.
Result<void> prepare_directories(const Owner& store_owner, const Owner& user) {
  UmaskScope umask(022);
  TRY(make_directories(storage_path, 0711));
  auto root = TRY(open_path(storage_path, O_RDONLY | O_DIRECTORY));
  struct stat info;
  if (::fstat(root.get(), &info) != 0) return sys_error(storage_path);
  if (info.st_uid != 0 || (info.st_mode & 022) != 0)
    return fail(std::string(storage_path) + " can be changed by others than root");
  auto users = TRY(root_directory(root.get(), "users", 0711));
  TRY(directory_of(users.get(), std::to_string(user.uid), user));
  TRY(directory_of(root.get(), "shared", store_owner));
  return ok();
}

Result<std::string> own_directory() {
  std::array<char, PATH_MAX> path;
  ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0) return sys_error("/proc/self/exe");
  std::string_view self(path.data(), static_cast<size_t>(length));
  return std::string(self.substr(0, self.rfind('/')));
}

Result<void> keep_store(KeeperPlan plan, const Owner& owner) {
  TRY(become_keeper(owner));
  ::prctl(PR_SET_NAME, "pyxis-storage");
  TRY(confine_to_store(shared_store_path(plan.root), plan.libexec));
  return run_keeper(std::move(plan));
}

// As root; returns when the step is over.
Result<void> serve(const Owner& user, EntitlementSettings entitlement) {
  Fd engine(storage_socket_fd), leash(storage_leash_fd);
  auto owner = TRY(find_store_owner());
  auto libexec = TRY(own_directory());
  TRY(prepare_directories(owner, user));
  std::array<int, 2> ends;
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return sys_error("socketpair");
  Fd ours(ends[0]), theirs(ends[1]);
  pid_t pid = ::fork();
  if (pid < 0) return sys_error("fork");
  if (pid == 0) {
    ours.reset();
    auto kept = keep_store({storage_path, libexec, std::move(entitlement), user.uid, std::move(engine),
                            std::move(leash), std::move(theirs)},
                           owner);
    ::_exit(kept.ok() ? 0 : 1);
  }
  theirs.reset();
  engine.reset();  // the leash stays: whoever waits for its end waits for this process, too
  serve_mounts(TRY_CONTEXT(become_mounter(shared_store_path(storage_path), owner, user), storage_path),
               ours.get());
  return ok();
}

std::optional<EntitlementSettings> parse_entitlement(std::string_view ask, std::string_view http_registries) {
  EntitlementSettings settings;
  if (ask == "always")
    settings.policy = AskPolicy::always;
  else if (ask == "never")
    settings.policy = AskPolicy::never;
  else if (ask != "reachable")
    return std::nullopt;
  for (const auto& registry : split(http_registries, ','))
    if (!registry.empty()) settings.http_registries.emplace(registry);
  return settings;
}

// A process that Slurm does not take for a part of the step: it clears up after itself, whatever is killed.
bool leave_caller() {
  pid_t pid = ::fork();
  if (pid != 0) return false;
  ::setsid();
  return true;
}

}  // namespace
}  // namespace pyxis

int main(int argc, char** argv) {
  using namespace pyxis;
  std::optional<uid_t> uid, gid;
  std::optional<EntitlementSettings> entitlement;
  if (argc == 6 && std::string_view(argv[1]) == "serve") {
    uid = parse_number<uid_t>(argv[2]);
    gid = parse_number<gid_t>(argv[3]);
    entitlement = parse_entitlement(argv[4], argv[5]);
  }
  if (!uid || !gid || !entitlement || ::geteuid() != 0) {
    log::error("this program is started by the plugin, as root; see 'pyxis --help'");
    return 1;
  }
  ::umask(077);
  if (!leave_caller()) return 0;
  auto served = serve({*uid, *gid}, *entitlement);
  if (!served.ok()) log::error("shared store: " + served.error().text());
  return served.ok() ? 0 : 1;
}
