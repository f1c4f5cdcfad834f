#include "storage/id_mapped.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/pipe.h"
#include "base/process.h"
#include "sandbox/kernel_calls.h"
#include "sandbox/userns.h"

namespace pyxis {
namespace {

constexpr uint64_t attr_idmap = 0x00100000;  // MOUNT_ATTR_IDMAP, Linux 5.12

Result<void> write_map(pid_t pid, const char* file, id_t inside, id_t outside) {
  auto path = "/proc/" + std::to_string(pid) + "/" + file;
  auto map = TRY(open_path(path, O_WRONLY));
  TRY_CONTEXT(write_all(map.get(), id_map_line(inside, outside)), path);
  return ok();
}

}  // namespace

Result<Fd> make_id_map(const Owner& on_disk, const Owner& seen_as) {
  auto hold = TRY(make_pipe());
  pid_t pid = TRY(fork_into_namespaces({Namespace::user}));
  if (pid == 0) {  // is there until its namespace is open, and does nothing
    hold.writer.reset();
    char nothing;
    [[maybe_unused]] auto end = ::read(hold.reader.get(), &nothing, 1);
    ::_exit(0);
  }
  Child holder(pid);
  TRY(write_map(pid, "uid_map", on_disk.uid, seen_as.uid));
  TRY(write_map(pid, "gid_map", on_disk.gid, seen_as.gid));
  return open_path("/proc/" + std::to_string(pid) + "/ns/user", O_RDONLY);
}

Result<Fd> clone_mount(int directory) {
  Fd mount(
      kernel::open_tree(directory, "", kernel::open_tree_clone | kernel::open_tree_cloexec | AT_EMPTY_PATH));
  if (!mount) return sys_error("open_tree");
  return mount;
}

Result<Fd> mount_id_mapped(int directory, int id_map) {
  auto mount = TRY(clone_mount(directory));
  kernel::MountAttr change;
  change.set = attr_idmap | kernel::attr_rdonly | kernel::attr_nosuid | kernel::attr_nodev;
  change.userns_fd = static_cast<uint64_t>(id_map);
  if (kernel::mount_setattr(mount.get(), 0, change) != 0) return sys_error("mount_setattr");
  return mount;
}

}  // namespace pyxis
