# Power cuts: nothing that is half on the disk is taken for whole, and the next step repairs it.
#
# node1's stores lie on a file system of their own. While everything runs, it is cut off from its disk; then everything is
# killed, and what the disk has is mounted again, under another boot id.

load helpers

setup_file() {
  : "${FAULTD:?}"
  export OPTIONS="http_registries=$REGISTRY,$FAULTD"
  own_cluster_up powercut --plugstack-options "store=system $OPTIONS"
  export PYXIS_CLUSTER_DIR IMAGE=$FAULTD/stall-layers/layers
  export DISK=$PYXIS_CLUSTER_DIR/node1/disk BOOT_ID=$PYXIS_CLUSTER_DIR/node1/boot_id
  ALICE_SHARE=$(getent passwd alice | cut -d: -f6)/.local/share
  NODE_ROOT=/proc/$(cut -d ' ' -f 1 "$PYXIS_CLUSTER_DIR/node1/machine.pid")/root
  export ALICE_SHARE NODE_ROOT
  cat /proc/sys/kernel/random/uuid >"$BOOT_ID"
  on node1 mount --bind "$BOOT_ID" /proc/sys/kernel/random/boot_id
  mkdir "$DISK"
  truncate -s 1G "$DISK.image"
  mkfs.ext4 -q -F "$DISK.image"
  on node1 mount -o loop "$DISK.image" "$DISK"
  install -d -m 711 "$NODE_ROOT$DISK/system"
  install -d -m 700 -o alice -g "$(id -g alice)" "$NODE_ROOT$DISK/alice"
  on node1 umount "$DISK"
  plug_in
  fault _release
  local kind
  for kind in system user; do
    empty_disk
    use_store "$kind"
    describe_image >"$SUITE/image.$kind"
    describe_store >"$SUITE/store.$kind"
  done
}

teardown_file() {
  own_cluster_down
}

setup() {
  empty_disk
}

teardown() {
  fault _release
}

# --- the disk -------------------------------------------------------------------------------------------

# The file system writes no names by itself: what is on the disk somebody has synced.
plug_in() {
  on node1 mount -o loop,commit=900 "$DISK.image" "$DISK"
  on node1 mount --bind "$DISK/system" /var/lib/pyxis
  on node1 mount --bind "$DISK/alice" "$ALICE_SHARE"
}

empty_disk() {
  rm -rf "$NODE_ROOT$DISK"/{system,alice}/*
  sync -f "$NODE_ROOT$DISK"
}

# What is on the disk then:
#   nothing   what was synced
#   names     the directories; files that were not synced are empty
#   records   these, and what Pyxis has noted; what layers, images and containers consist of is empty
cut_power() { # nothing | names | records
  local kept=$1
  if [[ $kept == records ]]; then
    find "$NODE_ROOT$DISK" -type d \( -name fs -o -name fixups -o -name upper \) -prune -o -type f -exec sync {} +
    kept=nothing
  fi
  on node1 "$repo/tests/support/power_cut" "$kept" "$DISK"
  on node1 umount "$ALICE_SHARE" /var/lib/pyxis "$DISK"
}

restore_power() {
  cat /proc/sys/kernel/random/uuid >"$BOOT_ID"
  rm -rf "$NODE_ROOT/run/pyxis"
  plug_in
  "$repo/scripts/cluster" restart node1 3>&-
}

# Until the power is cut: what comes after this has only been written to memory.
hold_back_syncs() {
  mkdir "$BATS_TEST_TMPDIR/bin"
  printf '#!/bin/sh\nexec %q %q "$@"\n' "$repo/tests/support/without_syncfs" "$(command -v slurmd)" >"$BATS_TEST_TMPDIR/bin/slurmd"
  chmod 755 "$BATS_TEST_TMPDIR/bin/slurmd"
  PATH=$BATS_TEST_TMPDIR/bin:$PATH "$repo/scripts/cluster" restart node1 3>&-
}

# --- the stores -----------------------------------------------------------------------------------------

use_store() { # system | user
  STORE=$1
  plugstack "store=$STORE $OPTIONS"
  case $STORE in
    system) PLACE=$NODE_ROOT$DISK/system/shared OWN=$NODE_ROOT$DISK/system/users/$(id -u alice) ;;
    user) PLACE=$NODE_ROOT$DISK/alice/pyxis OWN=$PLACE ;;
  esac
}

# Names, kinds, modes, owners, links, contents, and the dates of files.
describe_directory() { # DIRECTORY
  (cd "$1" &&
    { find . -printf '%P %y %m %U %G %l\n' | sort; find . -type f -printf '%P %s %T@\n' | sort; find . -type f -print0 | sort -z | xargs -0r sha256sum; } | sha256sum)
}

# A line for each directory of layers, and of files that images have of their own.
describe_store() {
  local directory
  find "$PLACE/layers" "$PLACE/images" -type d \( -name fs -o -name fixups \) -prune | sort | while read -r directory; do
    echo "${directory#"$PLACE/"} $(describe_directory "$directory")"
  done
}

# What a step sees of it.
describe_image() {
  step --container-image="$IMAGE" sh -c 'find / -xdev ! -path "/dev/*" ! -path "/proc/*" ! -path "/sys/*" -type f -print0 | sort -z | xargs -0 sha256sum'
}

# The layers that count as present after another start of the machine are whole.
assert_no_half_layer() {
  local layer
  for layer in "$PLACE"/layers/sha256/*; do
    [[ -e $layer/durable ]] || continue
    assert_equal "$(describe_directory "$layer/fs")" "$(sed -n "s|^layers/sha256/${layer##*/}/fs ||p" "$SUITE/store.$STORE")"
  done
}

assert_repaired_by_next_step() {
  assert_no_half_layer
  fault _release
  run -0 --separate-stderr describe_image
  assert_equal "$output" "$(<"$SUITE/image.$STORE")"
  assert_equal "$(describe_store)" "$(<"$SUITE/store.$STORE")"
  assert_equal "$(ls -A "$OWN/containers/node1")" ""
  # The node's store is cleared up after a job.
  [[ $STORE == user ]] || on node1 "$PYXIS_CLUSTER_DIR/prefix/libexec/pyxis-storage" collect --quiet --limit 100G
  assert_equal "$(ls -A "$PLACE/tmp" "$OWN/tmp")" "$(printf '%s:\n\n%s:\n' "$PLACE/tmp" "$OWN/tmp")"
}

# Returns when everything that the step brought has its mark, and the marks are on the disk.
await_durable() {
  local watcher line='' from
  coproc watch { exec inotifywait -m -e close_write --format %f "$PLACE"/layers/sha256/* "$PLACE"/images/sha256/* 2>&1 3>&-; }
  watcher=$!
  exec {from}<&"${watch[0]}"
  until [[ $line == 'Watches established.' ]]; do read -r -t 60 line <&"$from"; done
  until all_marked; do read -r -t 60 line <&"$from"; done
  kill "$watcher"
  exec {from}<&-
  sync -f "$PLACE"
}

all_marked() {
  local directory
  for directory in "$PLACE"/layers/sha256/* "$PLACE"/images/sha256/*; do [[ -e $directory/durable ]] || return; done
}

assert_no_layer_is_imported() {
  local layers
  layers=$(ls "$PLACE/layers/sha256")
  mark_log fault
  run -0 --separate-stderr describe_image
  assert_equal "$output" "$(<"$SUITE/image.$STORE")"
  assert_equal "$(new_requests fault | grep -F "$layers")" ""
}

# --- the cuts -------------------------------------------------------------------------------------------

# cut_power, and srun, which waits for the node.
cut_power_from() { # SRUN KEPT
  cut_power "$2"
  pkill -KILL -P "$1" || true
  ends_with_failure "$1"
}

cut_while_importing() { # KEPT
  local srun
  fault _reset
  step --container-image="$IMAGE" true >/dev/null 2>&1 3>&- &
  srun=$!
  await_stalled 3
  cut_power_from "$srun" "$1"
  restore_power
  assert_repaired_by_next_step
}

cut_after_import() { # KEPT
  hold_back_syncs
  open_shell running step --container-image="$IMAGE"
  cut_power_from "${shell_pid[running]}" "$1"
  restore_power
  assert [ "$(describe_store)" != "$(<"$SUITE/store.$STORE")" ] # else nothing was lost
  assert_repaired_by_next_step
}

cut_when_durable() {
  open_shell running step --container-image="$IMAGE"
  await_durable
  cut_power_from "${shell_pid[running]}" nothing
  restore_power
  assert_no_half_layer
  assert_no_layer_is_imported
}

@test "the node's store, while an image comes in: of what was not synced nothing is left" {
  use_store system
  cut_while_importing nothing
}

@test "the node's store, while an image comes in: of what was not synced the names are left" {
  use_store system
  cut_while_importing names
}

@test "the node's store, while an image comes in: of what was not synced the records are left" {
  use_store system
  cut_while_importing records
}

@test "the node's store, when an image has just come: of what was not synced nothing is left" {
  use_store system
  cut_after_import nothing
}

@test "the node's store, when an image has just come: of what was not synced the names are left" {
  use_store system
  cut_after_import names
}

@test "the node's store, when an image has just come: of what was not synced the records are left" {
  use_store system
  cut_after_import records
}

@test "the node's store, when all has been synced: no layer is imported again" {
  use_store system
  cut_when_durable
}

@test "a user's own store, while an image comes in: of what was not synced nothing is left" {
  use_store user
  cut_while_importing nothing
}

@test "a user's own store, while an image comes in: of what was not synced the names are left" {
  use_store user
  cut_while_importing names
}

@test "a user's own store, while an image comes in: of what was not synced the records are left" {
  use_store user
  cut_while_importing records
}

@test "a user's own store, when an image has just come: of what was not synced nothing is left" {
  use_store user
  cut_after_import nothing
}

@test "a user's own store, when an image has just come: of what was not synced the names are left" {
  use_store user
  cut_after_import names
}

@test "a user's own store, when an image has just come: of what was not synced the records are left" {
  use_store user
  cut_after_import records
}

@test "a user's own store, when all has been synced: no layer is imported again" {
  use_store user
  cut_when_durable
}

@test "what pyxis pull has brought is there after a power cut right at its end" {
  use_store user
  run -0 "$repo/scripts/cluster" run --node node1 --user alice -- pyxis pull "$IMAGE"
  cut_power nothing
  restore_power
  assert_no_half_layer
  assert [ -n "$(describe_store)" ]
  assert_no_layer_is_imported
}
