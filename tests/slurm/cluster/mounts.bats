# --container-mounts: what of it needs root on the node, or a look at it.

load helpers

setup_file() {
  export IMAGE=$REGISTRY/busybox HERE=$SUITE/mounts
  install -d -o alice -m 755 "$HERE" "$HERE/tree" "$HERE/tree/below" "$HERE/with blank"
  echo 'of the node' | tee "$HERE/file" >"$HERE/tree/below/file"
  echo 'between blanks' >"$HERE/with blank/a file"
}

# A shell in a container with these mounts, started in $HERE.
mounted() { # MOUNTS [OPTION...]
  open_shell in step --chdir="$HERE" --container-image="$IMAGE" --container-mounts="$1" "${@:2}"
}

@test "a recursive bind by default, read-only and private where the flags say so" {
  on node1 mount -t tmpfs -o mode=777 tmpfs "$HERE/tree/below"
  on node1 touch "$HERE/tree/below/on the tmpfs"
  mounted "$HERE/tree:/rw,$HERE/tree:/ro:ro+rprivate,$HERE/with blank:/flat:bind" || {
    on node1 umount "$HERE/tree/below"
    return 1
  }
  on node1 umount -l "$HERE/tree/below"
  run tell in 'ls /rw/below; ls /ro/below; ls /flat'
  assert_output $'on the tmpfs\non the tmpfs\na file'
  run tell in 'touch /rw/a /rw/below/a && rm /rw/a; touch /ro/b; touch /ro/below/b'
  refute_line --partial /rw
  assert_line --partial '/ro/b: Read-only file system'
  assert_line --partial '/ro/below/b: Read-only file system'
  # No propagation: the optional fields of mountinfo (between the options and the lone "-") are empty.
  run tell in "awk '\$5 ~ \"^/ro\" { print \$7 }' /proc/self/mountinfo"
  assert_output $'-\n-'
  close_shell in
}

@test "a destination cannot leave the container" {
  run --separate-stderr step --container-image="$IMAGE" --container-mounts=/home:../home echo ran
  assert_failure
  assert_output ''
  assert_said 'Invalid cross-device link'
  # Links inside the image count from its root: this one leads to a file of the container.
  run -0 step --container-image="$IMAGE" --container-name=links sh -c 'ln -s /../../../../../../outside /link; ln -s ../../.. /up'
  run -0 --separate-stderr step --container-name=links --container-mounts="$HERE/file:/link,$HERE/tree:/up/etc/made" sh -c 'cat /outside; ls /etc/made'
  assert_output $'of the node\nbelow'
  assert [ ! -e /outside ]
  assert [ ! -e /etc/made ]
  forget_containers
  assert_nothing_left
}

@test "a mount that the kernel refuses fails the job, with the cause" {
  # A directory on a file of the image.
  run --separate-stderr step --container-image="$IMAGE" --container-mounts="$HERE/tree:/bin/sh" echo ran
  assert_failure
  assert_output ''
  assert_said "pyxis: couldn't start container"
  assert_said 'Not a directory'
  run --separate-stderr step --container-image="$IMAGE" --container-mounts="$HERE/tree:/mnt:no-such-flag" echo ran
  assert_failure
  assert_output ''
  assert_said no-such-flag
  assert_nothing_left
}
