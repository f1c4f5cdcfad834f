#include "nsjoin/namespaces.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

namespace pyxis {
namespace {

struct Kind {
  int flag;
  const char* name;
};

Kind kind_of(Namespace kind) {
  switch (kind) {
    case Namespace::user:
      return {CLONE_NEWUSER, "user"};
    case Namespace::mount:
      return {CLONE_NEWNS, "mount"};
    case Namespace::cgroup:
      return {CLONE_NEWCGROUP, "cgroup"};
    case Namespace::ipc:
      return {CLONE_NEWIPC, "ipc"};
    case Namespace::uts:
      return {CLONE_NEWUTS, "uts"};
    case Namespace::net:
      return {CLONE_NEWNET, "network"};
    case Namespace::pid:
      return {CLONE_NEWPID, "pid"};
  }
  return {0, "unknown"};
}

// 0: user, 1: the others, 2: mount.
int pass_of(Namespace kind) {
  return kind == Namespace::user ? 0 : kind == Namespace::mount ? 2 : 1;
}

}  // namespace

Result<void> join_namespaces(const std::vector<Namespace>& kinds, const std::vector<Fd>& descriptors) {
  if (kinds.size() != descriptors.size()) {
    auto error = fail("join the container: " + std::to_string(kinds.size()) + " namespaces are named, " +
                      std::to_string(descriptors.size()) + " descriptors were sent");
    error.code = EINVAL;
    return error;
  }
  for (int pass = 0; pass < 3; ++pass) {
    for (size_t i = 0; i < kinds.size(); ++i) {
      if (pass_of(kinds[i]) != pass) continue;
      auto [flag, name] = kind_of(kinds[i]);
      if (::setns(descriptors[i].get(), flag) != 0)
        return sys_error(std::string("join the container's ") + name + " namespace");
    }
  }
  return ok();
}

Result<void> enter_directory(const std::string& path) {
  if (::chdir(path.empty() ? "/" : path.c_str()) != 0)
    return sys_error("couldn't chdir to container working directory " + path)
        .with_remedy("name one that the container has, or mount it there with --container-mounts");
  return ok();
}

Result<void> drop_capabilities_unless_root() {
  if (::geteuid() == 0) return ok();
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  if (::syscall(SYS_capset, &header, none.data()) != 0) return sys_error("drop capabilities");
  return ok();
}

}  // namespace pyxis
