# What cannot work: one clear line, a status that reaches srun, and nothing left.

load helpers

setup_file() {
  export IMAGE=$REGISTRY/busybox
  export HOME_OF_ALICE
  HOME_OF_ALICE=$(getent passwd alice | cut -d: -f6)
}

teardown() {
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

@test "a name that is none" {
  fails_to_import "$REGISTRY/UPPER" 'UPPER'
  fails_to_import "$IMAGE@sha256:123" 'sha256:123'
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

@test "a full disk, named, whether before or in the middle of unpacking" {
  local home
  empty_store
  # The first is too small for the layer as it comes, the second for what it unpacks to.
  for size in 512k 24m; do
    on node1 mount -t tmpfs -o "size=$size,mode=700,uid=$(id -u alice),gid=$(id -g alice)" tmpfs "$HOME_OF_ALICE/.local/share"
    run --separate-stderr step --container-image="$REGISTRY/zeros" echo ran
    local left
    left=$(on node1 bash -c 'ls -A "$0"/pyxis/tmp "$0"/pyxis/layers/sha256' "$HOME_OF_ALICE/.local/share" 2>&1) || true
    on node1 umount -l "$HOME_OF_ALICE/.local/share"
    assert_failure
    assert_output ''
    assert_said_once "error: pyxis: failed to import docker image: $REGISTRY/zeros"
    assert_said_once 'no space'
    assert_said "$HOME_OF_ALICE/.local/share/pyxis"
    assert_equal "$(grep -vE '^$|:$' <<<"$left")" ''
  done
  run -0 --separate-stderr step --container-image="$REGISTRY/zeros" stat -c %s /zeros
  assert_output 268435456
  assert_nothing_left
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
