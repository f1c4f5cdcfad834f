// The mount calls of Linux 5.2 and later, which C libraries have by different names or not at all.
// open_tree(2), move_mount(2), fsopen(2), fsconfig(2), fsmount(2), mount_setattr(2).
#pragma once

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace pyxis::kernel {

// Numbers are the same on every architecture since 5.1.
constexpr long sys_open_tree = 428, sys_move_mount = 429, sys_fsopen = 430, sys_fsconfig = 431,
               sys_fsmount = 432;
constexpr long sys_mount_setattr = 442;

constexpr unsigned open_tree_clone = 1, open_tree_cloexec = O_CLOEXEC, at_recursive = 0x8000;
constexpr unsigned move_mount_from_empty_path = 0x04, move_mount_to_empty_path = 0x40;
constexpr unsigned fsopen_cloexec = 1, fsmount_cloexec = 1;
constexpr unsigned fsconfig_set_flag = 0, fsconfig_set_string = 1, fsconfig_cmd_create = 6;

constexpr uint64_t attr_rdonly = 0x01, attr_nosuid = 0x02, attr_nodev = 0x04, attr_noexec = 0x08;
constexpr uint64_t attr_atime_mask = 0x70, attr_relatime = 0x00, attr_noatime = 0x10, attr_strictatime = 0x20;
constexpr uint64_t attr_nodiratime = 0x80, attr_nosymfollow = 0x200000;

struct MountAttr {  // struct mount_attr, its first published size
  uint64_t set = 0, clear = 0, propagation = 0, userns_fd = 0;
};

inline int open_tree(int dir, const char* path, unsigned flags) {
  return static_cast<int>(::syscall(sys_open_tree, dir, path, flags));
}
inline int move_mount(int from, int to) {
  return static_cast<int>(
      ::syscall(sys_move_mount, from, "", to, "", move_mount_from_empty_path | move_mount_to_empty_path));
}
inline int fsopen(const char* type) {
  return static_cast<int>(::syscall(sys_fsopen, type, fsopen_cloexec));
}
inline int fsconfig(int fs, unsigned command, const char* key, const char* value) {
  return static_cast<int>(::syscall(sys_fsconfig, fs, command, key, value, 0));
}
inline int fsmount(int fs, uint64_t attributes) {
  return static_cast<int>(::syscall(sys_fsmount, fs, fsmount_cloexec, attributes));
}
inline int mount_setattr(int mount, unsigned flags, const MountAttr& change) {
  return static_cast<int>(
      ::syscall(sys_mount_setattr, mount, "", AT_EMPTY_PATH | flags, &change, sizeof change));
}

}  // namespace pyxis::kernel
