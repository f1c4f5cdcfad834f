#include "sandbox/running_mounts.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "sandbox/child_report.h"
#include "sandbox/kernel_calls.h"
#include "sandbox/mount_plan.h"
#include "sandbox/target.h"
#include "sandbox/userns.h"

namespace pyxis {
namespace {

// A copy of a mount of this namespace, attached nowhere.
Result<Fd> detached_copy(const PlannedMount& bind) {
  Fd copy(kernel::open_tree(AT_FDCWD, bind.source.c_str(),
                            kernel::open_tree_clone | kernel::open_tree_cloexec | kernel::at_recursive));
  if (!copy) return sys_error(bind.source);
  auto attributes = bind.recursive_attributes;
  attributes.set |= bind.attributes.set;
  if (kernel::mount_setattr(copy.get(), kernel::at_recursive, {attributes.set, 0, MS_PRIVATE, 0}) != 0)
    return sys_error("set mount attributes of " + bind.source);
  return copy;
}

// Copying takes the privilege of a mount namespace that has the source, attaching that of the container's: no
// process has both at a time.
Result<std::vector<Fd>> detached_copies(const std::vector<PlannedMount>& binds) {
  auto map = own_id_map(false);
  auto child = TRY(start_namespace_child({Namespace::user, Namespace::mount}, [&]() -> Result<ChildAnswer> {
    TRY(write_own_id_map(map));
    ChildAnswer answer;
    for (const auto& bind : binds) answer.descriptors.push_back(TRY(detached_copy(bind)));
    return answer;
  }));
  auto answer = TRY(child.answer());
  TRY(child.process.wait());
  if (answer.descriptors.size() != binds.size()) return sys_error("answer of the copying child", EBADMSG);
  return std::move(answer.descriptors);
}

Result<void> enter_mounts(const NamespaceSet& namespaces) {
  for (const auto& [kind, fd] : namespaces)
    if ((kind == Namespace::user || kind == Namespace::mount) &&
        ::setns(fd.get(), static_cast<int>(clone_flag(kind))) != 0)
      return sys_error(std::string("join the container's ") + namespace_name(kind) + " namespace");
  return ok();
}

// The root of this process, without what is mounted on it, and writable.
Result<Fd> writable_root() {
  Fd root(kernel::open_tree(AT_FDCWD, "/", kernel::open_tree_clone | kernel::open_tree_cloexec));
  if (!root) return sys_error("clone the root of the running container");
  if (kernel::mount_setattr(root.get(), 0, {0, kernel::attr_rdonly, 0, 0}) != 0)
    return sys_error("make that root writable");
  return root;
}

// Also in a root that the container's processes may not write to.
Result<Fd> make_mount_point(int root, const std::string& target, NodeKind kind) {
  auto made = make_target(root, target, kind);
  if (made.ok() || made.error().code != EROFS) return made;
  auto writable = TRY(writable_root());
  TRY(make_target(writable.get(), target, kind));
  return open_target(root, target);
}

Result<void> attach(int copy, const PlannedMount& bind, int root) {
  struct stat info;
  if (::fstat(copy, &info) != 0) return sys_error(bind.source);
  auto kind = S_ISDIR(info.st_mode) ? NodeKind::directory : NodeKind::file;
  auto target = TRY_CONTEXT(make_mount_point(root, bind.target, kind), bind.describe());
  if (kernel::move_mount(copy, target.get()) != 0) return sys_error(bind.describe());
  return ok();
}

}  // namespace

Result<void> bind_into_running(const NamespaceSet& namespaces, const std::vector<MountEntry>& binds) {
  if (binds.empty()) return ok();
  auto planned = TRY(plan_mounts(binds));
  auto copies = TRY(detached_copies(planned));
  auto child = TRY(start_namespace_child({}, [&]() -> Result<ChildAnswer> {
    TRY(enter_mounts(namespaces));
    Fd root = TRY(open_path("/", O_PATH | O_DIRECTORY));
    for (size_t i = 0; i < copies.size(); ++i) TRY(attach(copies[i].get(), planned[i], root.get()));
    return ChildAnswer{};
  }));
  TRY(child.answer());
  TRY(child.process.wait());
  return ok();
}

Result<Fd> clone_root(const NamespaceSet& namespaces) {
  auto child = TRY(start_namespace_child({}, [&]() -> Result<ChildAnswer> {
    TRY(enter_mounts(namespaces));
    ChildAnswer answer;
    answer.descriptors.push_back(TRY(writable_root()));
    return answer;
  }));
  auto answer = TRY(child.answer());
  TRY(child.process.wait());
  if (answer.descriptors.size() != 1) return sys_error("answer of the cloning child", EBADMSG);
  return std::move(answer.descriptors.front());
}

}  // namespace pyxis
