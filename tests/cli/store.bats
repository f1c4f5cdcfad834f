# The user's store: what is in it once, who may look into it, and that neither haste, nor death, nor a full disk spoil it.

load helpers

setup() { make_home_and_faults; }
teardown() {
  ! mountpoint -q "$TEST_HOME/small" || umount -l "$TEST_HOME/small"
  remove_home_and_faults
}

# Blobs that were asked for since mark_requests, each as often as it was.
blobs_requested() {
  requests | sed -nE 's,^GET .*/blobs/(sha256:[0-9a-f]+) .*,\1,p' | sort
}

start_stalled_pull() { # NAME; sets `pull`, its process
  pyxis pull "$1" >"$TEST_HOME/stalled.log" 2>&1 &
  pull=$!
  fault 'stalled?count=1'
}

@test "a second pull asks for the manifest's head only and changes no file" {
  run -0 pyxis pull "$FAULTD/ok/bookworm"
  local before
  before=$(tree_digest "$(store)")
  mark_requests
  run -0 pyxis pull "$FAULTD/ok/bookworm"
  run requests
  refute_line --regexp '^GET .*/(blobs|manifests)/'
  assert_line --regexp '^HEAD .*/manifests/latest 200'
  assert_equal "$(tree_digest "$(store)")" "$before"
}

@test "a container of a present image is made without unpacking or copying" {
  run -0 pyxis pull "$FAULTD/ok/bookworm"
  local before
  before=$(tree_digest "$(store)/layers"; tree_digest "$(store)/images")
  mark_requests
  run -0 pyxis load -n one "$FAULTD/ok/bookworm"
  run -0 pyxis start one true
  run requests
  refute_line --regexp '^GET .*/(blobs|manifests)/'
  assert_equal "$(tree_digest "$(store)/layers"; tree_digest "$(store)/images")" "$before"
  assert [ "$(du -s --block-size=1K "$(store)/containers" | cut -f1)" -lt 200 ]
}

@test "layers that images share are stored and fetched once" {
  run -0 pyxis pull "$FAULTD/ok/busybox"
  mark_requests
  run -0 pyxis pull "$FAULTD/ok/busybox:entrypoint"
  assert_equal "$(layer_count)" 2
  # its configuration and its second layer
  assert_equal "$(blobs_requested | wc -l)" 2
}

@test "another name for a present image downloads no blob" {
  run -0 pyxis pull "$FAULTD/ok/busybox"
  mark_requests
  run -0 pyxis pull "$FAULTD/ok/public/busybox"
  assert_equal "$(blobs_requested)" ""
}

@test "two pulls at once download each layer once" {
  mark_requests
  pyxis pull "$FAULTD/stall-layers/wide" >"$TEST_HOME/one.log" 2>&1 3>&- &
  local one=$!
  fault 'stalled?count=1'
  pyxis pull "$FAULTD/stall-layers/wide" >"$TEST_HOME/two.log" 2>&1 3>&- &
  local two=$!
  fault release
  wait $one
  wait $two
  assert_equal "$(messages <"$TEST_HOME/one.log")" "$(messages <"$TEST_HOME/two.log")"
  # Both may fetch the configuration, which is no layer.
  local config
  config=$(skopeo inspect --tls-verify=false --raw "docker://$REGISTRY/wide" | jq -r .config.digest)
  assert_equal "$(blobs_requested | grep -v "$config" | uniq -d)" ""
  assert_equal "$(layer_count)" 71
  assert_nothing_left
}

@test "eight loads at once of an absent image: all succeed, each layer comes once" {
  mark_requests
  local number pids=() config
  for number in {1..8}; do
    pyxis load -n "c$number" "$FAULTD/ok/zstd" 2>"$TEST_HOME/$number.log" 3>&- &
    pids+=($!)
  done
  for number in "${pids[@]}"; do wait "$number"; done
  run -0 pyxis list
  assert_equal "${#lines[@]}" 8
  config=$(skopeo inspect --tls-verify=false --raw "docker://$REGISTRY/zstd" | jq -r .config.digest)
  assert_equal "$(blobs_requested | grep -v "$config" | uniq -d)" ""
  assert_nothing_left
}

@test "kill -9 in mid-import: the next command sweeps, and the same command succeeds" {
  start_stalled_pull "$FAULTD/stall-layers/busybox"
  assert [ -n "$(ls -A "$(store)/tmp")" ]
  local process victims
  victims=$(processes_of_test)
  for process in $victims; do kill -KILL "$process" 2>/dev/null || true; done
  wait "$pull" || true
  for process in $victims; do await_end "$process"; done
  assert_equal "$(layer_count)" 0
  fault release
  # Something else: it finds the leftovers of the dead.
  run -0 pyxis pull "$REGISTRY/static"
  assert_nothing_left
  run -0 pyxis load "$FAULTD/stall-layers/busybox"
  run -0 pyxis start stall-layers+busybox true
  assert_nothing_left
}

@test "kill -9 of the command alone ends its import, too" {
  start_stalled_pull "$FAULTD/stall-layers/busybox"
  local process victims
  victims=$(processes_of_test)
  for process in $victims; do
    [[ $(cat "/proc/$process/comm") != pyxis ]] || kill -KILL "$process"
  done
  wait "$pull" || true
  fault release
  for process in $victims; do await_end "$process"; done
  assert_equal "$(processes_of_test)" ""
  run -0 pyxis load "$FAULTD/stall-layers/busybox"
  assert_nothing_left
}

@test "interrupted in mid-import: nothing is left at once" {
  start_stalled_pull "$FAULTD/stall-layers/busybox"
  local process victims
  victims=$(processes_of_test)
  for process in $victims; do kill -INT "$process" 2>/dev/null || true; done
  for process in $victims; do await_end "$process"; done
  local status=0
  wait "$pull" || status=$?
  assert_equal "$status" 130
  assert_equal "$(cat "$TEST_HOME/stalled.log")" "[ERROR] import $FAULTD/stall-layers/busybox: cancelled"
  assert_equal "$(processes_of_test)" ""
  assert_equal "$(ls -A "$(store)/tmp")" ""
  fault release
  run -0 pyxis pull "$FAULTD/stall-layers/busybox"
  assert_nothing_left
}

@test "a full disk: the error names the file system and the remedy, and nothing is left of the layers" {
  as_user mkdir "$TEST_HOME/small"
  mount -t tmpfs -o "size=20m,mode=0700,uid=$(id -u "$PYXIS_TEST_USER"),gid=$(id -g "$PYXIS_TEST_USER")" small "$TEST_HOME/small"
  run pyxis ENROOT_DATA_PATH="$TEST_HOME/small/store" pull "$REGISTRY/zeros"
  assert_only_error "$TEST_HOME/small/store" "No space left on device" "is too small for it" "put the store elsewhere"
  assert_equal "$(ls -A "$TEST_HOME/small/store/tmp")" ""
  # What fits still does.
  run -0 pyxis ENROOT_DATA_PATH="$TEST_HOME/small/store" pull "$REGISTRY/busybox"
}

@test "layers larger than the free space are refused before they are fetched" {
  as_user mkdir "$TEST_HOME/small"
  mount -t tmpfs -o "size=4m,mode=0700,uid=$(id -u "$PYXIS_TEST_USER"),gid=$(id -g "$PYXIS_TEST_USER")" small "$TEST_HOME/small"
  mark_requests
  run pyxis ENROOT_DATA_PATH="$TEST_HOME/small/store" pull "$FAULTD/ok/bookworm"
  assert_only_error "no space on the file system of $TEST_HOME/small/store" "at least" "are free" "ENROOT_DATA_PATH"
  # the configuration
  assert_equal "$(blobs_requested | wc -l)" 1
}

@test "a disk without inodes" {
  as_user mkdir "$TEST_HOME/small"
  mount -t tmpfs -o "nr_inodes=40,mode=0700,uid=$(id -u "$PYXIS_TEST_USER"),gid=$(id -g "$PYXIS_TEST_USER")" small "$TEST_HOME/small"
  run pyxis ENROOT_DATA_PATH="$TEST_HOME/small/store" pull "$REGISTRY/bookworm"
  assert_only_error "$TEST_HOME/small/store" "No space left on device" inodes
  assert_equal "$(ls -A "$TEST_HOME/small/store/tmp")" ""
}

@test "directories of the store are the user's alone, whatever his umask" {
  run -0 bash -c 'umask 000; "$@"' - setpriv --reuid "$PYXIS_TEST_USER" --regid "$PYXIS_TEST_USER" --clear-groups \
    env HOME="$TEST_HOME" ENROOT_RUNTIME_PATH="$TEST_HOME/run" "$PYXIS" load "$REGISTRY/busybox"
  run find "$(store)" -mindepth 0 -maxdepth 2 -type d ! -perm 0700 -print
  assert_output ""
  run find "$(store)" -path '*/fs' -prune -o -path '*/upper' -prune -o -perm /022 ! -type l -print
  assert_output ""
  run find "$(store)/layers" -path '*/fs' -type d -printf '%m\n'
  assert_output 755
}

@test "a umask of 077 does not change what is in a layer" {
  run -0 bash -c 'umask 077; "$@"' - setpriv --reuid "$PYXIS_TEST_USER" --regid "$PYXIS_TEST_USER" --clear-groups \
    env HOME="$TEST_HOME" ENROOT_RUNTIME_PATH="$TEST_HOME/run" "$PYXIS" load "$REGISTRY/busybox"
  run -0 pyxis start busybox stat -c '%a' / /bin /bin/busybox
  assert_output $'755\n755\n755'
}

@test "a store of a newer format is left alone" {
  as_user mkdir -p "$(store)"
  as_user tee "$(store)/version" >/dev/null <<<'pyxis-store 2 overlay'
  run pyxis pull "$REGISTRY/busybox"
  assert_only_error "$(store)/version" "pyxis-store 2 overlay" "ENROOT_DATA_PATH"
  assert_equal "$(layer_count)" 0
}

@test "a data path that cannot be written to" {
  run pyxis ENROOT_DATA_PATH=/proc/store pull "$REGISTRY/busybox"
  assert_only_error "open store /proc/store" "ENROOT_DATA_PATH"
  run pyxis ENROOT_DATA_PATH=/root/store pull "$REGISTRY/busybox"
  assert_only_error "open store /root/store" "Permission denied" "ENROOT_DATA_PATH"
  as_user tee "$TEST_HOME/file" >/dev/null <<<x
  run pyxis ENROOT_DATA_PATH="$TEST_HOME/file" pull "$REGISTRY/busybox"
  assert_only_error "$TEST_HOME/file" "ENROOT_DATA_PATH"
}

@test "images lists what there is, sorted, with sizes" {
  run -0 pyxis pull "$REGISTRY/zstd"
  run -0 pyxis pull "$REGISTRY/busybox"
  run -0 pyxis images
  assert_line --index 0 --regexp '^REFERENCE +DIGEST +LAYERS +SIZE +SHARED +LAST USE +STATE$'
  assert_line --index 1 --regexp "^docker://$REGISTRY/busybox:latest +[0-9a-f]{12} +1 +[0-9.]+ MB "
  assert_line --index 2 --regexp "^docker://$REGISTRY/zstd:latest +[0-9a-f]{12} +3 "
  assert_equal "${#lines[@]}" 3
}

@test "what pull, load and import bring is safe from a crash once they have ended" {
  local verb
  for verb in pull load "import -o $TEST_HOME/x.sqsh"; do
    as_user rm -rf "$(store)"
    # shellcheck disable=SC2086
    run -0 pyxis $verb "$FAULTD/ok/busybox"
    run -0 as_user ls "$(store)"/layers/sha256/*/durable
  done
}

@test "a layer that a crash left doubtful is fetched again" {
  run -0 pyxis pull "$FAULTD/ok/busybox"
  local layer
  layer=$(echo "$(store)"/layers/sha256/*)
  as_user rm "$layer/durable"
  as_user sed -i 's/"boot_id":"[^"]*"/"boot_id":"another"/' "$layer/meta.json"
  as_user truncate -s 0 "$layer/fs/bin/busybox"
  run -0 pyxis load "$FAULTD/ok/busybox"
  run -0 pyxis start ok+busybox true
}
