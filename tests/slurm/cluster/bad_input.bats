# What cannot work: one clear line, a status that reaches srun, and nothing left.

load helpers

setup_file() {
  export IMAGE=$REGISTRY/busybox
  export HOME_OF_ALICE
  HOME_OF_ALICE=$(getent passwd alice | cut -d: -f6)
}

teardown() {
  [[ ! -e ${engine:-}.real ]] || mv "$engine.real" "$engine"
  rm -rf "$HOME_OF_ALICE/.config/enroot"
}

# The step fails, with the headline and exactly one line of cause, which has all of the parts.
fails_to_import() { # IMAGE PART...
  local part lines
  run --separate-stderr step --container-image="$1" echo ran
  assert_failure
  assert_output ''
  assert_said_once "error: pyxis: failed to import docker image: $1"
  lines=$(grep -c 'error: pyxis: ' <<<"$stderr")
  assert_equal "$lines" 2
  for part in "${@:2}"; do assert_said "$part"; done
  assert_nothing_left
}

@test "an image that is not there" {
  fails_to_import "$REGISTRY/no/such:tag" 404 'check the name and tag'
  fails_to_import "$IMAGE:no-such-tag" 'MANIFEST_UNKNOWN'
}

@test "a name that is none is refused before anything is submitted" {
  local name program next
  next=$(next_job)
  for name in "$REGISTRY/UPPER" "$IMAGE@sha256:123" a:ta/g; do
    for program in 'srun -n1 true' 'sbatch --wrap=true' 'salloc true'; do
      # shellcheck disable=SC2086
      run --separate-stderr as alice ${program%% *} --container-image="$name" ${program#* }
      assert_failure
      assert_output ''
      assert_said_once "error: pyxis: --container-image: image '$name': "
    done
  done
  assert_equal "$(next_job)" "$next"
}

@test "a wrong password, and none" {
  fails_to_import "$REGISTRY_BASIC/busybox" 401 anonymous
  install -d -o alice -m 700 "$HOME_OF_ALICE/.config/enroot"
  echo "machine 127.0.0.1 login alice password looking-glass" >"$HOME_OF_ALICE/.config/enroot/.credentials"
  chown -R alice: "$HOME_OF_ALICE/.config"
  fails_to_import "$REGISTRY_BASIC/busybox" 401 alice "$HOME_OF_ALICE/.config/enroot/.credentials"
  refute_said looking-glass
  echo "machine 127.0.0.1 login alice password wonderland" >"$HOME_OF_ALICE/.config/enroot/.credentials"
  run -0 --separate-stderr step --container-image="$REGISTRY_BASIC/busybox" sh -c 'echo "$IMAGE_VARIABLE"'
  assert_output 'from the image'
}

@test "a registry that cannot be reached" {
  fails_to_import '127.0.0.1:9/busybox' '127.0.0.1:9' 'refused'
  fails_to_import 'no-such-host.invalid/busybox' 'no-such-host.invalid'
}

@test "a registry that ends in the middle, for good" {
  empty_store
  fails_to_import "$FAULTD/truncate-always/busybox" 'sha256:'
}

@test "a layer that was altered" {
  empty_store
  fails_to_import "$FAULTD/corrupt/busybox" 'layer sha256:' 'digest'
  assert_equal "$(ls -A "$(store)/layers/sha256" 2>/dev/null)" ''
}

@test "a page of a proxy instead of a manifest" {
  fails_to_import "$FAULTD/nojson/busybox" 'Please sign in to the network.'
}

@test "an image for other machines only" {
  fails_to_import "$REGISTRY/arm64only" 'arm64' 'amd64'
  fails_to_import "$REGISTRY/arm64only:manifest" 'arm64' 'amd64'
}

# A file system of SIZE as alice's store: the step fails for want of space, says each TEXT, and leaves nothing unfinished.
fails_in() { # SIZE TEXT...
  local left text
  on node1 mount -t tmpfs -o "size=$1,mode=700,uid=$(id -u alice),gid=$(id -g alice)" tmpfs "$HOME_OF_ALICE/.local/share"
  run --separate-stderr step --container-image="$REGISTRY/zeros" echo ran
  left=$(on node1 find "$HOME_OF_ALICE/.local/share/pyxis" -path '*/pyxis/tmp/*' -prune -o -name zeros -o -path '*/pyxis/containers/*/*' -prune) || true
  on node1 umount -l "$HOME_OF_ALICE/.local/share"
  assert_failure
  assert_output ''
  assert_said_once "error: pyxis: failed to import docker image: $REGISTRY/zeros"
  assert_equal "$(grep -c 'error: pyxis: ' <<<"$stderr")" 2
  for text in "$HOME_OF_ALICE/.local/share/pyxis" "${@:2}"; do assert_said "$text"; done
  assert_equal "$left" ''
  assert_nothing_left
}

@test "a disk that is too small for the layers as they come" {
  fails_in 512k 'no space on the file system of' 'are free'
}

@test "a disk that is full in the middle of unpacking" {
  fails_in 64m 'No space left on device'
}

@test "a store that cannot be written" {
  on node1 mount -t tmpfs -o mode=755 tmpfs "$HOME_OF_ALICE/.local/share"
  run --separate-stderr step --container-image="$IMAGE" echo ran
  on node1 umount -l "$HOME_OF_ALICE/.local/share"
  assert_failure
  assert_output ''
  assert_said 'Permission denied'
  assert_said "$HOME_OF_ALICE/.local/share/pyxis"
  assert_said ENROOT_DATA_PATH
  assert_nothing_left
}

# The machine's knob is not touched: a user namespace has one for what is made in it, and the engine is started in such a one.
@test "user namespaces switched off: the knob is named" {
  run -0 step --container-image="$IMAGE" true
  engine=$PYXIS_CLUSTER_DIR/prefix/bin/pyxis
  mv "$engine" "$engine.real"
  cat >"$engine" <<SCRIPT
#!/bin/sh
[ "\$1 \$2" = "step start" ] || exec "$engine.real" "\$@"
exec unshare --user --keep-caps --map-user="\$(id -u)" --map-group="\$(id -g)" \\
  sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$engine.real" "\$@"' pyxis "\$@"
SCRIPT
  chmod 755 "$engine"
  run --separate-stderr step --container-image="$IMAGE" echo ran
  mv "$engine.real" "$engine"
  assert_failure
  assert_output ''
  assert_said_once "error: pyxis: couldn't start container"
  assert_said user.max_user_namespaces
  assert_equal "$(grep -c 'error: pyxis: ' <<<"$stderr")" 2
  assert_nothing_left
}

@test "a command that is not in the image fails its task and leaves nothing" {
  run --separate-stderr step --container-image="$IMAGE" no-such-program
  assert_failure
  assert_said no-such-program
  assert_nothing_left
}

@test "a batch job that cannot start its container fails, and its output says why" {
  printf '#!/bin/sh\necho ran\n' >"$SUITE/bad.sh"
  run as alice sbatch -W -w node1 -o "$SUITE/bad.out" --container-image="$IMAGE:no-such-tag" "$SUITE/bad.sh"
  assert_failure
  run cat "$SUITE/bad.out"
  assert_line --partial "pyxis: failed to import docker image: $IMAGE:no-such-tag"
  refute_line ran
  run -0 controller sinfo -h -o %T
  refute_output --regexp 'drain|down|fail'
}
