# Several tasks in one container; who the user is inside, and what that allows.

load helpers

setup_file() {
  export IMAGE=$REGISTRY/busybox
}

@test "16 tasks of a node are in one container, with one pair of namespaces" {
  run -0 --separate-stderr step -n16 --container-image="$IMAGE" sh -c \
    'echo "$(readlink /proc/self/ns/mnt) $(readlink /proc/self/ns/user) $(grep Seccomp: /proc/self/status)"'
  assert_equal "$(grep -c Seccomp <<<"$output")" 16
  assert_equal "$(sort -u <<<"$output" | wc -l)" 1
  assert_line --partial $'Seccomp:\t2'
}

@test "each task's status counts, and a failure of one does not hurt the container of the others" {
  run -4 --separate-stderr step -n3 --container-image="$IMAGE" sh -c '[ "$SLURM_PROCID" != 1 ] || exit 4; ls /bin/sh'
  assert_output $'/bin/sh\n/bin/sh'
}

@test "changes of owner and identity are said to succeed, remapped or not" {
  local remap
  for remap in --container-remap-root --no-container-remap-root; do
    run -0 --separate-stderr step "$remap" --container-image="$REGISTRY/trixie" sh -c '
      touch /f && chown 33:33 /f && chgrp 4 /f && ln -s f /l && chown -h 5:5 /l && stat -c %u /f && setpriv --reuid 33 --regid 33 --clear-groups true && echo all'
    assert_line all
    assert_line "$([[ $remap == --no* ]] && id -u || echo 0)"
  done
}

@test "a container is writable by default, its image never; --container-readonly makes it read-only" {
  run -0 --separate-stderr step --container-image="$IMAGE" sh -c 'rm /bin/vi && echo changed >/bin/vi && chmod 755 /bin/vi && rm /bin/sh && mkdir /new && echo done'
  assert_output 'done'
  run -0 --separate-stderr step --container-image="$IMAGE" --container-writable sh -c 'ls -d /new 2>/dev/null; [ "$(cat /bin/vi | head -c 7)" != changed ] && touch /x && echo fresh'
  assert_output fresh
  run --separate-stderr step --container-image="$IMAGE" --container-readonly sh -c 'touch /dev/shm/ok-$$ && rm /dev/shm/ok-$$ && echo shm; touch /x'
  assert_failure
  assert_output shm
  assert_said 'Read-only file system'
}

@test "all tasks share the namespaces of their own" {
  run -0 --separate-stderr step -n4 --container-image="$IMAGE" --container-unshare=ipc,net sh -c 'echo "$(readlink /proc/self/ns/ipc) $(readlink /proc/self/ns/net)"'
  assert_equal "$(wc -l <<<"$output")" 4
  assert_equal "$(sort -u <<<"$output" | wc -l)" 1
}
