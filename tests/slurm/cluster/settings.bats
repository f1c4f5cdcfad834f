# enroot.conf on a node, and what it does to steps.

load helpers

setup_file() { export IMAGE=$REGISTRY/busybox; }
teardown() {
  on node1 sh -c 'while grep -q " /etc overlay " /proc/mounts; do umount /etc; done; umount "$0"' "$BATS_FILE_TMPDIR" 2>/dev/null || true
  assert_nothing_left
}

# node1's /etc/enroot/enroot.conf, for a test: /etc itself, which the node shares with this machine, stays as it is.
configure() { # LINE...
  on node1 sh -ec 'mount -t tmpfs tmpfs "$0" && mkdir "$0/upper" "$0/work"
    mount -t overlay overlay -o "lowerdir=/etc,upperdir=$0/upper,workdir=$0/work" /etc
    mkdir -p /etc/enroot && printf "%s\n" "$@" >/etc/enroot/enroot.conf' "$BATS_FILE_TMPDIR" "$@"
}

@test "ENROOT_ROOTFS_WRITABLE, ENROOT_REMAP_ROOT, ENROOT_MOUNT_HOME: defaults that options win over" {
  configure 'ENROOT_ROOTFS_WRITABLE no' 'ENROOT_REMAP_ROOT yes' 'ENROOT_MOUNT_HOME yes'
  run ! --separate-stderr step --container-image="$IMAGE" touch /new
  assert_said 'Read-only file system'
  run -0 --separate-stderr step --container-image="$IMAGE" sh -c 'id -u; grep -q " $HOME " /proc/mounts && echo mounted'
  assert_output $'0\nmounted'
  run -0 --separate-stderr step --container-image="$IMAGE" --container-writable --no-container-remap-root --no-container-mount-home \
    sh -c 'touch /new; id -u; grep -q " $HOME " /proc/mounts || echo not mounted'
  assert_output "$(id -u alice)"$'\nnot mounted'
}

@test "ENROOT_UNSHARE_NET and the like, but for pid: tasks are Slurm's children" {
  configure 'ENROOT_UNSHARE_NET yes' 'ENROOT_UNSHARE_IPC yes' 'ENROOT_UNSHARE_UTS yes' 'ENROOT_UNSHARE_PID yes'
  local kind
  run -0 --separate-stderr step -n2 --container-image="$IMAGE" sh -c 'for kind in net ipc uts pid; do readlink /proc/self/ns/$kind; done'
  assert_equal "$(sort -u <<<"$output" | wc -l)" 4
  for kind in net ipc uts; do refute_line "$(on node1 readlink /proc/self/ns/$kind)"; done
  assert_line "$(on node1 readlink /proc/self/ns/pid)"
}

@test "ENROOT_LOGIN_SHELL: what starts before the tasks is a login shell, unless it is off" {
  local name=--container-name=login
  run -0 --separate-stderr step --container-image="$IMAGE" "$name" sh -c 'echo "export PROFILE=read" >/etc/profile'
  run -0 --separate-stderr step --container-entrypoint "$name" sh -c 'echo "${PROFILE-unread}"'
  assert_output read
  configure 'ENROOT_LOGIN_SHELL no'
  run -0 --separate-stderr step --container-entrypoint "$name" sh -c 'echo "${PROFILE-unread}"'
  assert_output unread
  forget_containers
}

@test "ENROOT_ALLOW_SUPERUSER: a job of root's is contained as any other, or root in earnest" {
  local root=(as root srun -N1 -n1 -w node1 --container-image="$IMAGE")
  run -0 --separate-stderr "${root[@]}" sh -c 'readlink /proc/self/ns/user; id -u; touch /x; chown 1234 /x; stat -c %u /x; grep Seccomp: /proc/self/status'
  refute_line "$(on node1 readlink /proc/self/ns/user)"
  assert_line --index 1 0
  assert_line --index 2 0
  assert_line --regexp 'Seccomp:.*2'
  configure 'ENROOT_ALLOW_SUPERUSER yes'
  run -0 --separate-stderr "${root[@]}" sh -c 'readlink /proc/self/ns/user; id -u; touch /x; chown 1234 /x; stat -c %u /x; grep Seccomp: /proc/self/status'
  assert_line --index 0 "$(on node1 readlink /proc/self/ns/user)"
  assert_line --index 2 1234
  assert_line --regexp 'Seccomp:.*0'
  # No different for others.
  run -0 --separate-stderr step --container-image="$IMAGE" sh -c 'readlink /proc/self/ns/user'
  refute_output "$(on node1 readlink /proc/self/ns/user)"
}
