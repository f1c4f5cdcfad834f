#include "sandbox/userns.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/fs.h"
#include "base/text.h"
#include "sandbox/mountinfo.h"

namespace pyxis {
namespace {

struct Kind {
  Namespace kind;
  unsigned long flag;
  const char* name;
  const char* limit;  // below /proc/sys/user
};
constexpr std::array<Kind, 7> all_kinds = {{
    {Namespace::user, CLONE_NEWUSER, "user", "max_user_namespaces"},
    {Namespace::mount, CLONE_NEWNS, "mnt", "max_mnt_namespaces"},
    {Namespace::cgroup, CLONE_NEWCGROUP, "cgroup", "max_cgroup_namespaces"},
    {Namespace::ipc, CLONE_NEWIPC, "ipc", "max_ipc_namespaces"},
    {Namespace::uts, CLONE_NEWUTS, "uts", "max_uts_namespaces"},
    {Namespace::net, CLONE_NEWNET, "net", "max_net_namespaces"},
    {Namespace::pid, CLONE_NEWPID, "pid", "max_pid_namespaces"},
}};

const Kind& facts(Namespace kind) {
  return *std::find_if(all_kinds.begin(), all_kinds.end(),
                       [&](const Kind& entry) { return entry.kind == kind; });
}

std::optional<long long> knob(const std::string& path) {
  auto text = read_file(path);
  return text.ok() ? parse_number<long long>(trim(*text)) : std::nullopt;
}

// In a chroot "/" is no mount point, as a rule; the kernel refuses user namespaces there (user_namespaces(7),
// EPERM).
bool in_chroot() {
  auto mounts = read_mountinfo();
  return mounts.ok() && std::none_of(mounts->begin(), mounts->end(),
                                     [](const auto& record) { return record.mount_point == "/"; });
}

std::string limits_remedy(const std::vector<Namespace>& kinds, const std::string& root) {
  std::string shown;
  for (auto kind : kinds) {
    std::string name = facts(kind).limit;
    auto value = knob(root + "/user/" + name);
    if (!value) continue;
    if (*value == 0) return "user." + name + " is 0 on this node: an administrator can set it with sysctl";
    shown += (shown.empty() ? "" : ", ") + ("user." + name + " = " + std::to_string(*value));
  }
  return "a limit on namespaces is used up (" + shown + "), or they are nested more than 32 deep";
}

std::string permission_remedy(const std::string& root) {
  if (knob(root + "/kernel/unprivileged_userns_clone").value_or(1) == 0)
    return "kernel.unprivileged_userns_clone is 0 on this node: an administrator can set it to 1";
  if (knob(root + "/kernel/apparmor_restrict_unprivileged_userns").value_or(0) != 0)
    return "kernel.apparmor_restrict_unprivileged_userns is 1 on this node: an administrator can set it to "
           "0, or load "
           "an AppArmor profile with `userns` for this program";
  if (knob(root + "/user/max_user_namespaces").value_or(1) == 0)
    return "user.max_user_namespaces is 0 on this node: an administrator can set it with sysctl";
  if (in_chroot()) return "this process runs in a chroot, where the kernel allows no user namespaces";
  return "a security module (SELinux, AppArmor) or a system call filter of this node or of an outer "
         "container forbids it";
}

Result<void> write_proc(const std::string& path, const std::string& text) {
  auto file = TRY(open_path(path, O_WRONLY));
  TRY_CONTEXT(write_all(file.get(), text), path);
  return ok();
}

}  // namespace

unsigned long clone_flag(Namespace kind) {
  return facts(kind).flag;
}
const char* namespace_name(Namespace kind) {
  return facts(kind).name;
}

Error explain_namespace_error(int code, const std::vector<Namespace>& kinds, const std::string& sysctl_root) {
  std::vector<std::string> names;
  for (auto kind : kinds) names.emplace_back(facts(kind).name);
  auto what = "create namespaces (" + join(names, ", ") + ")";
  switch (code) {
    // "No space left on device" sends people to their disks: the kernel's word is not repeated.
    case ENOSPC:
    case EUSERS:
      return {what + ": limit reached", limits_remedy(kinds, sysctl_root), code};
    case EPERM:
    case EACCES:
      return sys_error(what, code).with_remedy(permission_remedy(sysctl_root));
    case EINVAL:
      return sys_error(what, code).with_remedy("this kernel lacks one of them (CONFIG_USER_NS, ...)");
    default:
      return sys_error(what, code);
  }
}

bool cgroup_namespaces_supported() {
  const auto& cgroup = facts(Namespace::cgroup);
  return ::access((std::string("/proc/self/ns/") + cgroup.name).c_str(), F_OK) == 0 &&
         knob(std::string("/proc/sys/user/") + cgroup.limit).value_or(1) > 0;
}

Result<pid_t> fork_into_namespaces(const std::vector<Namespace>& kinds) {
  unsigned long flags = SIGCHLD;
  for (auto kind : kinds) flags |= clone_flag(kind);
#ifdef __s390x__
  long pid = ::syscall(SYS_clone, nullptr, flags, nullptr, nullptr, 0);
#else
  long pid = ::syscall(SYS_clone, flags, nullptr, nullptr, nullptr, 0);
#endif
  if (pid < 0) return explain_namespace_error(errno, kinds);
  return static_cast<pid_t>(pid);
}

IdMap own_id_map(bool remap_root) {
  uid_t uid = ::geteuid();
  gid_t gid = ::getegid();
  return {uid, remap_root ? 0 : uid, gid, remap_root ? 0 : gid};
}

std::string id_map_line(id_t inside, id_t outside) {
  return std::to_string(inside) + " " + std::to_string(outside) + " 1\n";
}

Result<void> write_own_id_map(const IdMap& map) {
  auto write = [](const char* file, const std::string& text) -> Result<void> {
    auto done = write_proc(std::string("/proc/self/") + file, text);
    if (done.ok()) return done;
    auto code = done.error().code;
    auto error = std::move(done).error().context("map ids");
    if (code == EACCES && ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 1)
      error.remedy = "this process changed its user id and was not executed anew (prctl(2), PR_SET_DUMPABLE)";
    else if (code == EPERM || code == EACCES)
      error.remedy = permission_remedy("/proc/sys");
    return error;
  };
  TRY(write("setgroups", "deny"));
  TRY(write("uid_map", id_map_line(map.inside_uid, map.outside_uid)));
  return write("gid_map", id_map_line(map.inside_gid, map.outside_gid));
}

}  // namespace pyxis
