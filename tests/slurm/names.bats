# Named containers: made, found again, joined while they run.

load helpers

setup_file() {
  export IMAGE=$REGISTRY/busybox both work
  both=$(named both) work=$(named work)
}

teardown() {
  remove_named both work
}

# The mount and user namespace of a shell or of a step.
namespaces='readlink /proc/self/ns/mnt; readlink /proc/self/ns/user'

@test "a named container keeps what was changed, and needs no image the next time" {
  run -0 step --container-image="$IMAGE" --container-name="$work" sh -c 'echo kept >/kept; rm /bin/vi'
  run -0 --separate-stderr step --container-name="$work" sh -c 'cat /kept; ls /bin/vi 2>/dev/null || echo gone'
  assert_output $'kept\ngone'
  # An image given for a name that exists is ignored: this one could not be imported.
  run -0 --separate-stderr step --container-image="$REGISTRY/no/such" --container-name="$work" cat /kept
  assert_output kept
  refute_said importing
}

@test "a step joins a container that runs, in its root and directory /" {
  local theirs
  open_shell first step --container-image="$IMAGE:workdir" --container-name="$both"
  tell first 'mkdir -p /deep/down; cd /deep/down'
  theirs=$(tell first "$namespaces")
  run -0 --separate-stderr step --container-name="$both" sh -c "$namespaces; pwd; ls -d /deep/down"
  assert_output "$theirs"$'\n/\n/deep/down'
  run -0 --separate-stderr step --container-name="$both:exec" --container-workdir=/deep sh -c "$namespaces; pwd"
  assert_output "$theirs"$'\n/deep'
  close_shell first
}

@test "no_exec starts a container afresh though it runs" {
  local theirs
  open_shell first step --container-image="$IMAGE" --container-name="$both"
  theirs=$(tell first "$namespaces")
  run -0 --separate-stderr step --container-name="$both:no_exec" sh -c "$namespaces"
  refute_line "$(head -n 1 <<<"$theirs")"
  close_shell first
}

@test "mounts are ignored when a running container is joined" {
  open_shell first step --container-image="$IMAGE" --container-name="$both"
  run -0 --separate-stderr step --container-name="$both" --container-mounts="$SUITE:/mounted" sh -c 'ls -d /mounted || echo no'
  assert_line no
  assert_said_once 'pyxis: ignoring --container-mounts when attaching to a running container'
  close_shell first
}

@test "a missing mount source is no matter to a step that joins" {
  open_shell first step --container-image="$IMAGE" --container-name="$both"
  run -0 --separate-stderr step --container-name="$both" --container-mounts=/no/such:/mounted sh -c 'ls -d /mounted || echo no'
  assert_line no
  assert_said_once 'pyxis: ignoring --container-mounts when attaching to a running container'
  close_shell first
  run --separate-stderr step --container-name="$both" --container-mounts=/no/such:/mounted echo ran
  assert_failure
  assert_output ''
  assert_said_once 'pyxis: --container-mounts: source path does not exist: /no/such'
}

@test "each start has its own options: root inside first, then not" {
  run -0 --separate-stderr step --container-image="$IMAGE" --container-name="$work" --container-remap-root --container-workdir=/etc \
    sh -c 'id -u; pwd; touch /by-root; stat -c %u /by-root'
  assert_output $'0\n/etc\n0'
  run -0 --separate-stderr step --container-name="$work" sh -c 'id -u; id -un; pwd; stat -c %u /by-root; touch /by-user'
  assert_output "$(printf '%s\n' "$(id -u)" "$(id -un)" / "$(id -u)")"
}

@test "a second start may be read-only" {
  run -0 step --container-image="$IMAGE" --container-name="$work" true
  run --separate-stderr step --container-name="$work" --container-readonly touch /no
  assert_failure
  assert_said 'Read-only file system'
}
