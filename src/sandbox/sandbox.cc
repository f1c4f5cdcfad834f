#include "sandbox/sandbox.h"

#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/fs.h"
#include "base/root_directories.h"
#include "sandbox/capabilities.h"
#include "sandbox/child_report.h"
#include "sandbox/kernel_calls.h"
#include "sandbox/mount_api.h"
#include "sandbox/mounter.h"
#include "sandbox/userns.h"

namespace pyxis {
namespace {

std::vector<Namespace> namespace_kinds(const SandboxPlan& plan) {
  std::vector<Namespace> kinds = {Namespace::mount};
  if (!plan.superuser) kinds.insert(kinds.begin(), Namespace::user);
  for (auto kind : plan.extra)
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.push_back(kind);
  return kinds;
}

bool has(const std::vector<Namespace>& kinds, Namespace kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

// Mounts made here never reach the host, unmounts of the host still reach here. It is also the first
// privileged call: a host that gives user namespaces without privilege in them (AppArmor) shows itself.
Result<void> isolate_mounts(const std::vector<Namespace>& kinds) {
  if (::mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr) == 0) return ok();
  if (errno == EPERM || errno == EACCES) return explain_namespace_error(errno, kinds);
  return sys_error("make mounts private")
      .with_remedy("the root directory of this process is no mount point (chroot)");
}

Result<void> bring_up_loopback() {
  Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::copy_n("lo", 3, request.ifr_name);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (!socket || ::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0)
    return sys_error("bring up the loopback interface");
  return ok();
}

Result<void> set_up_extras(const SandboxPlan& plan, const std::vector<Namespace>& kinds) {
  if (has(kinds, Namespace::net)) TRY(bring_up_loopback());
  if (has(kinds, Namespace::uts) && !plan.hostname.empty() &&
      ::sethostname(plan.hostname.data(), plan.hostname.size()) != 0)
    return sys_error("set host name " + plan.hostname);
  return ok();
}

// What shows a namespace must be mounted anew in a new one: the host's /proc knows other pids.
std::vector<MountEntry> adapt_to_namespaces(std::vector<MountEntry> entries,
                                            const std::vector<Namespace>& kinds) {
  for (auto& entry : entries)
    if (entry.type == "none" && entry.source == "/proc" && entry.target == "/proc" &&
        has(kinds, Namespace::pid)) {
      entry.source = entry.type = "proc";
      std::erase_if(entry.options,
                    [](const std::string& option) { return option == "rbind" || option == "bind"; });
    }
  return entries;
}

Result<void> mount_all(const std::vector<MountEntry>& entries, const std::vector<Namespace>& kinds,
                       int root) {
  return execute_mounts(TRY(plan_mounts(adapt_to_namespaces(entries, kinds))), root);
}

Result<void> make_read_only(int root, const std::string& path) {
  Fd host_root = TRY(open_path("/", O_PATH | O_DIRECTORY));
  MountTarget target{host_root.get(), path, TRY(open_at(root, ".", O_PATH | O_DIRECTORY))};
  TRY_CONTEXT(mount_api().change({{kernel::attr_rdonly, 0}, {}, {}, false}, target),
              "make the root read-only");
  return ok();
}

// pivot_root(2), "pivot_root(".", ".")": the old root ends up on top of the new one and is taken off.
Result<void> enter_root(int root) {
  if (::fchdir(root) != 0) return sys_error("enter the root");
  if (::syscall(SYS_pivot_root, ".", ".") != 0)
    return sys_error("pivot_root")
        .with_remedy("the root of this process is an initial RAM disk, or a chroot");
  if (::umount2(".", MNT_DETACH) != 0) return sys_error("detach the host's root");
  if (::chdir("/") != 0) return sys_error("chdir /");
  return ok();
}

Result<std::string> run_prepare(const SandboxPlan& plan, Preparation& preparation) {
  if (plan.prepare || plan.complete || plan.entered) TRY(keep_capabilities_on_exec());
  if (plan.prepare) TRY(plan.prepare(preparation));
  return std::move(preparation.report);
}

Result<ChildAnswer> build(const SandboxPlan& plan, const std::vector<Namespace>& kinds, const IdMap& map) {
  if (!plan.superuser) TRY(write_own_id_map(map));
  TRY(isolate_mounts(kinds));
  TRY(set_up_extras(plan, kinds));
  Fd root = TRY(mount_root(plan.root, plan.mount_point));
  if (plan.image_mounts) TRY(mount_all(TRY(plan.image_mounts(root.get())), kinds, root.get()));
  TRY(mount_all(plan.early, kinds, root.get()));
  Preparation preparation{root.get(), plan.mount_point, plan.late, {}, {}};
  ChildAnswer answer;
  answer.body = TRY(run_prepare(plan, preparation));
  TRY(mount_all(preparation.late, kinds, root.get()));
  if (!preparation.workdir.empty())
    TRY_CONTEXT(make_directories_in_root(root.get(), preparation.workdir, 0755), "working directory");
  if (plan.complete) TRY(plan.complete(preparation));
  if (!plan.writable) TRY(make_read_only(root.get(), plan.mount_point));
  for (auto kind : kinds)  // before the host's /proc is gone; pivoting changes the namespaces' content only
    answer.descriptors.push_back(
        TRY(open_path(std::string("/proc/self/ns/") + namespace_name(kind), O_RDONLY)));
  TRY(enter_root(root.get()));
  if (plan.entered) TRY(plan.entered());
  answer.descriptors.push_back(std::move(root));
  return answer;
}

// The init of a pid namespace: reaps what is left to it until the leash is let go. All else of the engine's
// it gives up.
void be_init(Fd leash) {
  ::prctl(PR_SET_PDEATHSIG, 0);
  ::prctl(PR_SET_NAME, sandbox_init_name);
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &standard, nullptr);
  if (::dup2(leash.get(), 0) < 0) ::_exit(1);
  leash.release();
  close_from(1);
  sigset_t children;
  ::sigemptyset(&children);
  ::sigaddset(&children, SIGCHLD);
  int signals = ::signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
  std::array<pollfd, 2> events = {{{0, POLLIN, 0}, {signals, POLLIN, 0}}};
  for (;;) {
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    events[0].revents = events[1].revents = 0;
    if (::poll(events.data(), events.size(), -1) < 0 && errno != EINTR) ::_exit(1);
    if (events[0].revents != 0) ::_exit(0);
    signalfd_siginfo drained;
    while (::read(signals, &drained, sizeof drained) > 0) {
    }
  }
}

Sandbox received(ChildAnswer answer, const std::vector<Namespace>& kinds) {
  Sandbox sandbox;
  sandbox.report = std::move(answer.body);
  for (size_t i = 0; i < kinds.size(); ++i)
    sandbox.namespaces.emplace_back(kinds[i], std::move(answer.descriptors[i]));
  sandbox.root = std::move(answer.descriptors[kinds.size()]);
  return sandbox;
}

}  // namespace

bool confines_privilege(const NamespaceSet& namespaces) {
  return std::ranges::any_of(namespaces, [](const auto& one) { return one.first == Namespace::user; });
}

Result<Sandbox> create_sandbox(const SandboxPlan& plan) {
  auto kinds = namespace_kinds(plan);
  auto map = own_id_map(plan.remap_root);
  bool own_pids = has(kinds, Namespace::pid);
  auto child = TRY(start_namespace_child(
      kinds, [&] { return build(plan, kinds, map); }, own_pids ? be_init : std::function<void(Fd)>()));
  auto answer = TRY(child.answer());
  if (answer.descriptors.size() != kinds.size() + 1)
    return sys_error("answer of the sandbox's child", EBADMSG);
  auto sandbox = received(std::move(answer), kinds);
  if (own_pids) {
    sandbox.init = std::move(child.process);
    sandbox.leash = std::move(child.socket);
  } else {
    TRY(child.process.wait());
  }
  return sandbox;
}

Result<NamespaceSet> open_namespaces(pid_t pid, const std::vector<Namespace>& kinds) {
  auto directory = TRY(open_path("/proc/" + std::to_string(pid) + "/ns", O_PATH | O_DIRECTORY));
  NamespaceSet set;
  for (auto kind : kinds)
    set.emplace_back(kind, TRY_CONTEXT(open_at(directory.get(), namespace_name(kind), O_RDONLY),
                                       "namespaces of process " + std::to_string(pid)));
  return set;
}

}  // namespace pyxis
