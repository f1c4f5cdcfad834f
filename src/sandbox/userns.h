// New namespaces for an unprivileged user, and why a kernel refuses them. user_namespaces(7).
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "contract/step.h"

namespace pyxis {

// The CLONE_NEW* flag, and the name under /proc/PID/ns.
unsigned long clone_flag(Namespace kind);
const char* namespace_name(Namespace kind);

// fork(2) into new namespaces: 0 in the child, which has all capabilities in the new user namespace and no
// ids mapped yet. Calls the kernel directly, without fork handlers: the caller must be single-threaded and
// its child must end with _exit or exec. Errors are explained.
Result<pid_t> fork_into_namespaces(const std::vector<Namespace>& kinds);

struct IdMap {
  uid_t outside_uid = 0, inside_uid = 0;
  gid_t outside_gid = 0, inside_gid = 0;
};
// The one id that a user may map without privilege: the caller's own to itself, or to 0.
IdMap own_id_map(bool remap_root);
// "INSIDE OUTSIDE 1\n", unsigned: ids of 2^31 and more are valid.
std::string id_map_line(id_t inside, id_t outside);
// Called in the child: denies setgroups and maps the ids.
Result<void> write_own_id_map(const IdMap& map);

// The error of creating (or first using) namespaces: what is wrong with this host and which knob changes it.
// `sysctl_root` is /proc/sys, or a stand-in in tests.
Error explain_namespace_error(int code, const std::vector<Namespace>& kinds,
                              const std::string& sysctl_root = "/proc/sys");

// Whether the kernel has cgroup namespaces, and lets users make them.
bool cgroup_namespaces_supported();

}  // namespace pyxis
