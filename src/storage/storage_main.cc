// `pyxis-storage`: the node's shared store. `serve UID GID ASK HTTP-REGISTRIES`: for one user's step, started
// by the plugin as root. `lend`: for whoever starts it, where it is installed setuid root. The others are
// root's.
//
// Serving takes two processes. The parent keeps the one right that id-mapped mounts take; the keeper has
// none, and does all the rest as the store's user. Nothing that a user has sent is looked at before both are
// what they are to be.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/fs.h"
#include "base/log.h"
#include "base/pipe.h"
#include "base/process.h"
#include "base/text.h"
#include "contract/storage.h"
#include "engine/configuration_files.h"
#include "storage/caller.h"
#include "storage/confine.h"
#include "storage/keeper.h"
#include "storage/layout.h"
#include "storage/parent.h"
#include "storage/root_verbs.h"
#include "storage/storage_arguments.h"
#include "storage/store_owner.h"

namespace pyxis {
namespace {

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

Result<Fd> open_root() {
  TRY(make_directories(storage_path, 0711));
  auto root = TRY(open_path(storage_path, O_RDONLY | O_DIRECTORY));
  struct stat info;
  if (::fstat(root.get(), &info) != 0) return sys_error(storage_path);
  if (info.st_uid != 0 || (info.st_mode & 022) != 0)
    return fail(std::string(storage_path) + " can be changed by others than root",
                "chown root: " + std::string(storage_path) + " && chmod go-w " + storage_path);
  return root;
}

// The directories of layout.h.
Result<void> prepare_shared(const Owner& store_owner) {
  UmaskScope umask(022);
  auto root = TRY(open_root());
  TRY(root_directory(root.get(), "users", 0711));
  TRY(directory_of(root.get(), "shared", store_owner));
  return ok();
}

Result<void> prepare_user(const Owner& user) {
  UmaskScope umask(022);
  auto root = TRY(open_root());
  auto users = TRY(root_directory(root.get(), "users", 0711));
  TRY(directory_of(users.get(), std::to_string(user.uid), user));
  return ok();
}

// Makes nothing: a user could have this stopped half-way, with the lock on what it makes.
Result<void> find_used_store() {
  struct stat info;
  auto version = shared_store_path(storage_path) + "/version";
  if (::stat(version.c_str(), &info) != 0) return sys_error(version);
  if (info.st_size == 0) return fail(version + " is empty", "run a step on this node");
  return ok();
}

// A start has its mounts in far less, and needs no helper once it has them.
constexpr unsigned longest_loan = 60;  // seconds

// As a process that may read, and no more; what it says is root's own.
Result<RegistriesConf> read_registries() {
  RegistriesConf registries;
  for (const auto& file : TRY(configuration_with_extras(site_configuration, "registries.conf", ".conf"))) {
    std::unique_ptr<char, decltype(&::free)> real(::realpath(file.path.c_str(), nullptr), ::free);
    if (!real) return sys_error(file.path);
    if (auto problem = changeable_by_others(real.get())) return fail(problem->text());
    TRY(registries.add(file.text, file.path));
  }
  return registries;
}

Result<void> keep_store(KeeperPlan plan, const Owner& owner) {
  TRY(become_keeper(owner));
  ::prctl(PR_SET_NAME, "pyxis-storage");
  TRY(confine_to_store(shared_store_path(plan.root), plan.libexec));
  if (plan.entitlement.policy != AskPolicy::kept) {
    auto registries = read_registries();
    if (registries.ok())
      plan.entitlement.registries = std::move(*registries);
    else
      plan.entitlement.registries_error = registries.error().text();
  }
  return run_keeper(std::move(plan));
}

// As root; returns when the step is over.
Result<void> serve(const Owner& user, EntitlementSettings entitlement) {
  bool lends = entitlement.policy == AskPolicy::kept;
  Fd engine(storage_socket_fd), leash(storage_leash_fd);
  auto owner = TRY(find_store_owner());
  auto libexec = TRY(programs_directory());
  TRY(lends ? find_used_store() : prepare_shared(owner));
  if (lends) ::alarm(longest_loan);
  auto [ours, theirs] = TRY(make_socket_pair(SOCK_SEQPACKET));
  pid_t pid = ::fork();
  if (pid < 0) return sys_error("fork");
  if (pid == 0) {
    ours.reset();
    if (lends) ::alarm(longest_loan);  // fork(2) does not pass it on
    auto kept = keep_store({storage_path, libexec, std::move(entitlement), user.uid, std::move(engine),
                            std::move(leash), std::move(theirs)},
                           owner);
    ::_exit(kept.ok() ? 0 : 1);
  }
  theirs.reset();
  engine.reset();  // the leash stays: whoever waits for its end waits for this process, too
  auto prepare = [&] { return lends ? ok() : prepare_user(user); };
  auto service =
      TRY_CONTEXT(become_mounter(shared_store_path(storage_path), owner, user, prepare), storage_path);
  TRY(confine_mounter());
  serve_mounts(service, ours.get(), leash.get(), pid);
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
  // slurmstepd's own may protect it from the kernel's choice of what ends where memory does.
  if (auto score = open_path("/proc/self/oom_score_adj", O_WRONLY); score.ok())
    (void)write_all(score->get(), "500");
  // Descriptors on their way to users count against the limit of who sends (unix(7), ETOOMANYREFS), all
  // helpers' together.
  raise_limit(RLIMIT_NOFILE, 1 << 20);
  if (Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC)); null)
    for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null.get(), fd);
  return true;
}

// Whether this node can have such a store: everything that serving a user takes, for nobody.
Result<void> probe() {
  auto owner = TRY(find_store_owner());
  constexpr Owner nobody{65534, 65534};
  TRY(prepare_shared(owner));
  TRY_CONTEXT(become_mounter(shared_store_path(storage_path), owner, nobody, [] { return ok(); }),
              storage_path);
  return confine_mounter();
}

}  // namespace
}  // namespace pyxis

namespace {

constexpr auto help =
    R"(Usage: pyxis-storage images
       pyxis-storage pin|unpin IMAGE...
       pyxis-storage collect [--limit SIZE|PERCENT%] [--max-age DAYS] [--dry-run] [--quiet] [--detach] [IMAGE...]
       pyxis-storage probe

The store of images that a node has for all its users, /var/lib/pyxis. For root.

  images   lists what there is. REFERENCE is the name that its first user imported an image by. SIZE is that of the
           unpacked layers; SHARED is the part of it that other images have, too: it is on disk once. STATE: 'in use' by
           a step, 'kept' while a container stands on it, 'pinned'. ORIGIN: registries and repositories that users have
           brought all its layers from; none, where they are from files.
  pin      keeps images, whatever is collected; unpin lets them be collected again.
  collect  removes images that were not used for longest, until the layers take no more than SIZE (500G), or the file
           system is no fuller than PERCENT% (80%); those that were not used for DAYS days; and those that are named.
           What a step uses, a container stands on, or is pinned stays. Prints what has gone.
             --dry-run  only prints what would go
             --quiet    prints nothing
             --detach   returns at once; a process of low priority does it
  probe    says whether this node can have such a store, and if not, why

IMAGE is a name (debian:trixie), or a digest as 'images' shows it.
The plugin starts `pyxis-storage serve` by itself, and `collect` after jobs (plugstack.conf: store_limit). The timer
pyxis-collect of systemd's collects once a day where it is enabled. Made setuid root (chmod u+s), the program also lets users
start and export their containers on shared layers outside of jobs' steps; docs/admin.md says more.
)";

int outcome_of(const pyxis::Result<void>& done) {
  if (!done.ok()) pyxis::log::error(done.error().text());
  return done.ok() ? 0 : 1;
}

// Of one that nobody looks at.
int log_outcome(const pyxis::Result<void>& done) {
  if (!done.ok()) ::syslog(LOG_DAEMON | LOG_ERR, "pyxis-storage: %s", done.error().text().c_str());
  return done.ok() ? 0 : 1;
}

int run_collect(std::span<char* const> words) {
  auto arguments = pyxis::parse_collect(words);
  if (!arguments.ok()) return outcome_of(arguments.error());
  if (arguments->detach) {
    if (!pyxis::leave_caller()) return 0;
    (void)!::nice(19);
    return log_outcome(pyxis::collect_here(*arguments));
  }
  return outcome_of(pyxis::collect_here(*arguments));
}

// One whose other end is known to be there until it is closed. Others never say that it is.
bool is_connected(int fd) {
  int domain = 0, type = 0;
  socklen_t size = sizeof(int);
  sockaddr_storage peer;
  socklen_t peer_size = sizeof peer;
  return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX &&
         ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
         ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0;
}

int run_serve(std::span<char* const> words) {
  using namespace pyxis;
  auto uid = words.size() == 4 ? parse_number<uid_t>(words[0]) : std::nullopt;
  auto gid = words.size() == 4 ? parse_number<gid_t>(words[1]) : std::nullopt;
  auto entitlement = words.size() == 4 ? parse_entitlement(words[2], words[3]) : std::nullopt;
  if (!uid || !gid || !entitlement)
    return outcome_of(fail("'serve' is for the plugin", "pyxis-storage --help"));
  if (!leave_caller()) return 0;
  return log_outcome(serve({*uid, *gid}, *entitlement));
}

// What a user may do where an administrator has installed this setuid root, and no more: have the layers of
// containers that he has made.
int run_for_caller(std::span<char* const> words) {
  using namespace pyxis;
  auto caller = leave_caller_behind(2);
  if (!caller.ok()) return outcome_of(caller.error());
  ::signal(SIGPIPE, SIG_IGN);
  bool sockets = is_connected(storage_socket_fd) && is_connected(storage_leash_fd);
  if (words.size() != 1 || std::string_view(words[0]) != "lend" || !sockets)
    return outcome_of(fail("pyxis-storage is for root"));
  if (!leave_caller()) return 0;
  EntitlementSettings settings;
  settings.policy = AskPolicy::kept;
  return log_outcome(serve(*caller, std::move(settings)));
}

}  // namespace

int main(int argc, char** argv) {
  std::span<char* const> words(argv, static_cast<size_t>(argc));
  std::string_view verb = argc > 1 ? argv[1] : "";
  if (verb == "--help" || verb == "-h" || verb == "help") {
    std::cout << help;
    return 0;
  }
  ::umask(077);
  if (argc < 1) return 1;
  if (::geteuid() == 0 && (pyxis::started_by_user() || verb == "lend"))
    return run_for_caller(words.subspan(1));
  if (::geteuid() != 0) return outcome_of(pyxis::fail("pyxis-storage is for root"));
  ::signal(SIGPIPE, SIG_IGN);
  if (verb == "serve") return run_serve(words.subspan(2));
  if (verb == "collect") return run_collect(words.subspan(2));
  if (verb == "images") return outcome_of(pyxis::list_here(words.subspan(2)));
  if (verb == "pin" || verb == "unpin") return outcome_of(pyxis::pin_here(words.subspan(2), verb == "pin"));
  if (verb == "probe") return outcome_of(pyxis::probe());
  return outcome_of(pyxis::fail("unknown command '" + pyxis::printable(verb) + "'", "pyxis-storage --help"));
}
