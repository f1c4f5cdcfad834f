# One store of images for all users of a node (the default): what they save, and what they cannot do to each other.

load helpers

setup_file() {
  : "${REGISTRY_BASIC:?}" "${FAULTD:?}"
  export OPTIONS="store=system http_registries=$REGISTRY,$REGISTRY_BASIC,$FAULTD"
  own_cluster_up shared --plugstack-options "$OPTIONS"
  BOB_JOB=$(allocate bob -n64 -J tests)
  export BOB_JOB PYXIS_CLUSTER_DIR IMAGE=$REGISTRY/busybox
  export STORAGE=$PYXIS_CLUSTER_DIR/prefix/libexec/pyxis-storage HTTP_REGISTRIES=$REGISTRY,$REGISTRY_BASIC,$FAULTD
}

teardown_file() {
  own_cluster_down
}

teardown() {
  fault _release
  plugstack "$OPTIONS"
  chmod u-s "$STORAGE"
}

# --- what there is --------------------------------------------------------------------------------------

shared() { echo "$PYXIS_CLUSTER_DIR/node1/shared-store/shared"; }
users_store() { echo "$PYXIS_CLUSTER_DIR/node1/shared-store/users/$(id -u "$1")"; }

forget_all() {
  rm -rf "$PYXIS_CLUSTER_DIR/node1/shared-store/"*
}

own_container() { # USER NAME: of a shared image
  forget_all
  run -0 step_of "$1" --container-image="$IMAGE" --container-name="$2" sh -c 'echo changed >/note'
}

on_node1_as() { # USER COMMAND...
  "$repo/scripts/cluster" run --node node1 --user "$1" -- "${@:2}" 3>&-
}

layers_there() { find "$(shared)/layers/sha256" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort; }
images_there() { find "$(shared)/images/sha256" -mindepth 1 -maxdepth 1 -printf 'sha256:%f\n' | sort; }

# Everything of the layers: names, kinds, modes, owners, links, sizes, times, contents; but for the note that a layer is on the
# disk, which comes some time after it.
tree_hash() {
  local but=(! -regex '\./[0-9a-f]*/durable')
  (cd "$(shared)/layers/sha256" &&
    { find . "${but[@]}" -printf '%P %y %m %u %g %l\n' | sort; find . -mindepth 2 "${but[@]}" -printf '%P %s %T@\n' | sort; find . -type f "${but[@]}" -print0 | sort -z | xargs -0 sha256sum; } | sha256sum)
}

blobs_asked_for() { # KIND: of the registry; configurations of images do not count
  new_requests "$1" | sed -n 's|.*/blobs/sha256:\([0-9a-f]*\).*|\1|p' | grep -Fx "$(layers_there)" | sort || true
}

attack() { # USER ATTACK [ARGUMENT...]
  run on node1 env "HTTP_REGISTRIES=$HTTP_REGISTRIES" "ASK=${ASK:-reachable}" "$repo/tests/support/storage_attack" "$STORAGE" "$@"
}

withstood() {
  assert_success
  refute_output --partial TAKEN
  assert_output --partial withstood
}

# Of IMAGE, as files.
documents_of() { # REPOSITORY
  curl -sSf -H 'Accept: application/vnd.oci.image.manifest.v1+json' -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' \
    "http://$REGISTRY/v2/$1/manifests/latest" >"$SUITE/manifest"
  curl -sSf "http://$REGISTRY/v2/$1/blobs/$(/usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["config"]["digest"])' <"$SUITE/manifest")" \
    >"$SUITE/config"
  chmod 644 "$SUITE/manifest" "$SUITE/config"
}

# alice has credentials for the registry that wants some, bob has none.
import_private_image() {
  local home
  home=$(getent passwd alice | cut -d: -f6)
  as alice bash -c "mkdir -p ~/.config/enroot && (umask 077; echo 'machine ${REGISTRY_BASIC%:*} login alice password wonderland' >~/.config/enroot/.credentials)"
  run -0 step_of alice --container-image="$REGISTRY_BASIC/busybox" true
}

# --- one import -----------------------------------------------------------------------------------------

@test "what one user has imported another starts without downloading a layer, and it is there once" {
  forget_all
  mark_log anonymous
  run -0 step_of alice --container-image="$IMAGE" cat /etc/hostname
  assert_equal "$(blobs_asked_for anonymous)" "$(layers_there)"
  mark_log anonymous
  run -0 step_of bob --container-image="$IMAGE" sh -c 'echo "$IMAGE_VARIABLE"'
  assert_output --partial 'from the image'
  assert_equal "$(blobs_asked_for anonymous)" ""
  assert [ -z "$(find "$(users_store alice)" "$(users_store bob)" -path '*/layers/sha256/*')" ]
}

@test "a warm start is no pull: the registry is asked what the tag is and whether the user may have it, by HEAD" {
  run -0 as bob srun -N1 -n1 -w node1 --container-image="$IMAGE" true
  mark_log anonymous
  run -0 as bob srun -N1 -n1 -w node1 --container-image="$IMAGE" true
  assert_equal "$(new_requests anonymous | grep manifests | sed 's/sha256:.*/DIGEST/' | sort)" \
    $'HEAD /v2/busybox/manifests/DIGEST\nHEAD /v2/busybox/manifests/latest 200'
}

@test "a registry that does not know HEAD, or does not say a digest, is asked by GET" {
  local kind
  for kind in no-head quiet-head; do
    forget_all
    run -0 step_of alice --container-image="$FAULTD/$kind/busybox" true
    mark_log fault
    run -0 step_of bob --container-image="$FAULTD/$kind/busybox" sh -c 'echo "$IMAGE_VARIABLE"'
    assert_output --partial 'from the image'
    assert_equal "$(blobs_asked_for fault)" ""
  done
}

# node1's /etc/enroot/registries.conf, for a test: /etc itself, which the node shares with this machine, stays as it is.
site_policy() { # < TEXT
  # shellcheck disable=SC2016
  on node1 sh -ec 'mount -t tmpfs tmpfs "$0" && mkdir "$0/upper" "$0/work"
    mount -t overlay overlay -o "lowerdir=/etc,upperdir=$0/upper,workdir=$0/work" /etc
    mkdir -p /etc/enroot && cat >/etc/enroot/registries.conf' "$BATS_FILE_TMPDIR"
}
no_site_policy() {
  # shellcheck disable=SC2016
  on node1 sh -c 'umount /etc && umount "$0"' "$BATS_FILE_TMPDIR"
}

@test "a mirror that root has named is as good as the registry: one place, and its word counts for who may have what" {
  forget_all
  site_policy <<<"[[registry]]
    location = 'upstream.invalid'
    [[registry.mirror]]
    location = '$FAULTD/ok'"
  mark_log fault
  step_of alice --container-image=upstream.invalid/busybox sh -c 'echo "$IMAGE_VARIABLE"' >"$BATS_TEST_TMPDIR/alice" 2>&1 || true
  local brought had
  brought=$(blobs_asked_for fault)
  mark_log fault
  step_of bob --container-image=upstream.invalid/busybox sh -c 'echo "$IMAGE_VARIABLE"' >"$BATS_TEST_TMPDIR/bob" 2>&1 || true
  had=$(blobs_asked_for fault)
  run -0 on node1 "$STORAGE" images
  local images=$output
  no_site_policy
  run -0 cat "$BATS_TEST_TMPDIR/alice"
  assert_output --partial 'from the image'
  assert_output --partial "from its mirror $FAULTD"
  assert_equal "$brought" "$(layers_there)"
  run -0 cat "$BATS_TEST_TMPDIR/bob"
  assert_output --partial 'from the image'
  assert_equal "$had" ""
  assert_regex "$images" 'upstream.invalid/busybox'
  refute_regex "$images" "$FAULTD"
}

@test "attack: the word of a mirror on plain http counts only where plugstack.conf names it, whatever registries.conf lets it bring" {
  forget_all
  plugstack "store=system http_registries=$REGISTRY"
  site_policy <<<"[[registry]]
    location = 'upstream.invalid'
    [[registry.mirror]]
    location = '$FAULTD/ok'
    insecure = true"
  step_of alice --container-image=upstream.invalid/busybox true >"$BATS_TEST_TMPDIR/alice" 2>&1 || true
  mark_log fault
  step_of bob --container-image=upstream.invalid/busybox sh -c 'echo "$IMAGE_VARIABLE"' >"$BATS_TEST_TMPDIR/bob" 2>&1 || true
  local brought
  brought=$(blobs_asked_for fault)
  no_site_policy
  run -0 cat "$BATS_TEST_TMPDIR/bob"
  assert_output --partial 'from the image'
  # He has it, because he brought it himself.
  assert_equal "$brought" "$(layers_there)"
}

@test "attack: mirrors of a user's own count for nothing" {
  forget_all
  run -0 step_of alice --container-image="$REGISTRY/busybox" true
  as bob sh -c 'mkdir -p .config/enroot && printf "[[registry]]\nlocation = \"%s\"\nblocked = true\n" "$0" >.config/enroot/registries.conf
    cp .config/enroot/registries.conf registries.conf' "$REGISTRY"
  run -0 as bob env ENROOT_SYSCONF_PATH="$(getent passwd bob | cut -d: -f6)" srun --jobid="$BOB_JOB" --overlap -N1 -n1 -w node1 \
    --container-image="$REGISTRY/busybox" sh -c 'echo "$IMAGE_VARIABLE"'
  as bob rm -r .config/enroot/registries.conf registries.conf
  assert_output --partial 'from the image'
}

@test "32 steps of four users at once on an empty store: each blob is asked for once" {
  local n user pids=()
  forget_all
  for user in storagec storaged; do useradd --create-home --shell /bin/bash "$user"; done
  mark_log anonymous
  for user in alice bob storagec storaged; do
    for n in {1..8}; do
      as "$user" srun --overcommit -s -N1 -n1 -w node1 --container-image="$REGISTRY/wide" sh -c 'cat /wide/last' \
        >"$BATS_TEST_TMPDIR/$user.$n" 2>"$BATS_TEST_TMPDIR/$user.$n.errors" 3>&- &
      pids+=($!)
    done
  done
  for n in "${pids[@]}"; do ended "$n" || cat "$BATS_TEST_TMPDIR"/*.errors; done
  for user in storagec storaged; do userdel --force --remove "$user" 2>/dev/null; done
  for user in alice bob storagec storaged; do
    for n in {1..8}; do assert_equal "$(<"$BATS_TEST_TMPDIR/$user.$n")" 69; done
  done
  assert [ "$(layers_there | wc -l)" -ge 70 ]
  assert_equal "$(blobs_asked_for anonymous)" "$(layers_there)"
}

@test "a step that waits for another's import takes over when that is killed" {
  local first second
  forget_all
  fault _reset
  step_of alice --container-image="$FAULTD/stall-layers/busybox" true >/dev/null 2>&1 3>&- &
  first=$!
  await_stalled 1
  step_of bob --container-image="$FAULTD/stall-layers/busybox" sh -c 'echo "$IMAGE_VARIABLE"' >"$BATS_TEST_TMPDIR/second" 2>"$BATS_TEST_TMPDIR/second.errors" 3>&- &
  second=$!
  # bob's helper is there, and waits for the layer.
  run -0 timeout 60 inotifywait -q -e open "$(shared)/locks/$(basename "$(compgen -G "$(shared)/locks/layer-*")")"
  pkill -KILL -u alice pyxis-ask
  ends_with_failure "$first"
  fault _release
  ended "$second" || cat "$BATS_TEST_TMPDIR/second.errors"
  assert_equal "$(<"$BATS_TEST_TMPDIR/second")" 'from the image'
}

# --- files ----------------------------------------------------------------------------------------------

@test "files are the user's, remapped to root or not; secret ones can be read and changed; the store's stay as they are" {
  local before option
  run -0 step_of alice --container-image="$IMAGE" --container-mounts="$SUITE" cp /bin/busybox "$SUITE/busybox"
  run -0 step_of alice --container-image="$REGISTRY/layers" --container-mounts="$SUITE/busybox:/bin/busybox" /bin/busybox true
  before=$(tree_hash)
  for option in --no-container-remap-root --container-remap-root; do
    run -0 --separate-stderr step_of bob "$option" --container-image="$REGISTRY/layers" --container-mounts="$SUITE/busybox:/bin/busybox" /bin/busybox sh -c '
      PATH=/bin; for tool in find id cat chmod rm mv sort; do alias $tool="busybox $tool"; done
      cat /modes/0000
      find / -xdev ! -user "$(id -u)" ! -path "/proc*" ! -path "/sys*" ! -path "/dev*" ! -path /bin/busybox ! -path "/etc/*"
      for file in /modes/0000 /modes/0111 /modes/readonly/file /special/* /links/*; do
        [ ! -f "$file" ] || { cat "$file" >/dev/null && chmod 777 "$file" && echo changed >>"$file" && rm "$file"; } || exit 1
      done
      mv /data /gone && rm -rf /gone && echo withstood'
    assert_output $'secret\nwithstood'
  done
  assert_equal "$(tree_hash)" "$before"
}

# --- attacks --------------------------------------------------------------------------------------------

@test "attack: nobody looks into the store, or into another user's" {
  run -0 step_of alice --container-image="$IMAGE" true
  for place in shared shared/layers shared/layers/sha256 shared/origins "users/$(id -u alice)"; do
    run on node1 setpriv --reuid bob --regid bob --clear-groups ls "/var/lib/pyxis/$place"
    assert_failure
    assert_output --partial 'Permission denied'
  done
}

@test "attack: who was given layers cannot make them writable" {
  forget_all
  run -0 step_of bob --container-image="$IMAGE" true
  local before
  before=$(tree_hash)
  attack bob locked "$(images_there)" "$REGISTRY" busybox
  withstood
  assert_output --partial 'clear read-only: withstood'
  assert_equal "$(tree_hash)" "$before"
}

@test "attack: a private image of another user, by its digest" {
  forget_all
  import_private_image
  attack bob take "$(images_there)"
  withstood
  # Nor in a step.
  run ! step_of bob --container-image="$REGISTRY_BASIC/busybox@$(images_there)" true
}

@test "attack: a private image, with its manifest and the word of a registry of the attacker's" {
  forget_all
  import_private_image
  documents_of busybox
  # It answers yes to whatever it is asked, and no layer is known to come from there.
  attack bob claim "$(images_there)" "$FAULTD" ok/busybox
  withstood
  attack bob pretend "$SUITE/manifest" "$SUITE/config" "$FAULTD" ok/busybox
  withstood
  # And where they are from, he is not let in.
  attack bob claim "$(images_there)" "$REGISTRY_BASIC" busybox
  withstood
  attack bob pretend "$SUITE/manifest" "$SUITE/config" "$REGISTRY_BASIC" busybox "Basic Ym9iOmJvYg=="
  withstood
  attack bob pretend "$SUITE/manifest" "$SUITE/config"
  withstood
}

@test "attack: bytes that are not the layer's are not taken for it" {
  forget_all
  documents_of busybox
  attack bob plant "$SUITE/manifest" "$SUITE/config"
  withstood
  assert_equal "$(layers_there)" ""
  # Nor for one that is there.
  run -0 step_of alice --container-image="$IMAGE" true
  local before
  before=$(tree_hash)
  attack bob plant "$SUITE/manifest" "$SUITE/config"
  withstood
  assert_equal "$(tree_hash)" "$before"
}

@test "attack: whether a private image is there cannot be told" {
  forget_all
  import_private_image
  attack bob oracle "$(images_there)" "$REGISTRY_BASIC" busybox
  withstood
  attack bob oracle "$(images_there)" "$FAULTD" ok/busybox
  withstood
}

@test "attack: descriptors that a user sends do not get into the helper" {
  attack bob descriptors
  withstood
}

@test "a layer that cannot be unpacked is named with its cause, and leaves nothing" {
  forget_all
  for image in hostile-truncated hostile-nottar hostile-badgzip; do
    run ! --separate-stderr step_of alice --container-image="$REGISTRY/$image" true
    assert_said 'layer sha256:'
    refute_said 'unexpectedly'
  done
  assert_equal "$(ls -A "$(shared)/tmp")" ""
}

@test "an image that has one layer twice starts" {
  run -0 --separate-stderr step_of alice --container-image="$REGISTRY/twice" cat /twice
  assert_output again
  plugstack store=user
  run -0 --separate-stderr step_of alice --container-image="$REGISTRY/twice" cat /twice
  assert_output again
}

@test "attack: what is no message ends the connection" {
  attack bob junk
  withstood
}

@test "attack: somebody whose layer never comes holds up nobody for ever" {
  local holder from
  forget_all
  documents_of busybox
  coproc hold { exec "$repo/scripts/cluster" run --node node1 -- "$repo/tests/support/storage_attack" "$STORAGE" bob hold "$SUITE/manifest" "$SUITE/config" 3>&-; }
  holder=$!
  read -r -t 60 line <&"${hold[0]}"
  assert_equal "$line" 'holds True'
  run -0 timeout 120 "$repo/scripts/cluster" run --user alice -- srun --jobid="$ALICE_JOB" --overlap -N1 -n1 -w node1 --container-image="$IMAGE" true
  eval "exec ${hold[1]}>&-"
  ended "$holder"
}

@test "what the registry refuses a user from now on, he does not get from the store either" {
  forget_all
  import_private_image
  local image credentials
  image=$(images_there)
  run -0 step_of alice --container-image="$REGISTRY_BASIC/busybox" true
  assert [ -e "$(shared)/grants/$(id -u alice)/${image#sha256:}" ]
  credentials=$(getent passwd alice | cut -d: -f6)/.config/enroot/.credentials
  sed -i 's/wonderland/nowhere/' "$credentials"
  run ! step_of alice --container-image="$REGISTRY_BASIC/busybox" true
  run ! step_of alice --container-image="$REGISTRY_BASIC/busybox@$image" true
  # What nobody has refused so far is not remembered as refused; this is.
  attack alice claim "$image" "$REGISTRY_BASIC" busybox "Basic Ym9iOmJvYg=="
  withstood
  assert [ ! -e "$(shared)/grants/$(id -u alice)/${image#sha256:}" ]
  rm "$credentials"
}

# --- a registry that does not answer --------------------------------------------------------------------

@test "a registry that does not answer: what it said last counts, unless it is always to be asked" {
  local image=127.0.0.1:5198/ok/busybox registry mode
  forget_all
  "$repo/scripts/cluster" run --node node1 -- "$repo/tests/support/faultd" 5198 5199 "${REGISTRY##*:}" >"$BATS_TEST_TMPDIR/registry" 2>&1 3>&- &
  registry=$!
  run -0 on node1 curl -sSf --retry 20 --retry-connrefused --retry-delay 1 -o /dev/null http://127.0.0.1:5198/v2/
  plugstack "store=system http_registries=127.0.0.1:5198"
  run -0 step_of alice --container-image="$image" true
  pkill -P "$registry" || kill "$registry"
  wait "$registry" || true
  run -0 --separate-stderr step_of alice --container-image="$image" true
  assert_said 'could not be asked'
  # bob was never told that he may have it.
  run ! step_of bob --container-image="$image" true
  plugstack "store=system entitlement=never http_registries=127.0.0.1:5198"
  run -0 --separate-stderr step_of alice --container-image="$image" true
  refute_said 'could not be asked'
  plugstack "store=system entitlement=always http_registries=127.0.0.1:5198"
  run ! step_of alice --container-image="$image" true
}

# --- collection -----------------------------------------------------------------------------------------

@test "collection takes what was not used for longest, and never what a step uses or a container stands on" {
  forget_all
  run -0 step_of alice --container-image="$REGISTRY/busybox" --container-name=stands true
  run -0 step_of alice --container-image="$REGISTRY/wide" true
  # A while ago.
  find "$(shared)/uses" -exec touch -d '2 days ago' {} +
  run -0 on node1 "$STORAGE" collect --limit 1K --dry-run
  assert_output --partial "1 image and"
  assert_output --partial wide
  assert_equal "$(images_there | wc -l)" 2
  run -0 on node1 "$STORAGE" collect --limit 1K
  assert_equal "$(images_there | wc -l)" 1
  run -0 step_of alice --container-name=stands true
  # Its container is gone: so may its image be.
  run -0 step_of alice "$PYXIS_CLUSTER_DIR/prefix/bin/pyxis" remove -f pyxis_stands
  find "$(shared)/uses" "$(shared)/kept" -exec touch -d '2 days ago' {} +
  run -0 on node1 "$STORAGE" collect --limit 1K
  assert_equal "$(images_there)" ""
  assert_equal "$(layers_there)" ""
  run -0 step_of alice --container-image="$REGISTRY/busybox" true
}

# As if all that was used had been used an hour ago: images, and by containers.
age_uses() {
  find "$(shared)/uses" "$(shared)/kept" -exec touch -d '1 hour ago' {} +
}

shown() { # IMAGE: its line
  on node1 "$STORAGE" images | grep -E "^docker://$REGISTRY/$1:latest(@sha256:[0-9a-f]+)? "
}

# Sets `step` to the process of a step of alice's that runs until `end_step`.
begin_step() { # [OPTION...]
  local line
  coproc running { exec "$repo/scripts/cluster" run --user alice -- srun --jobid="$ALICE_JOB" --overlap -N1 -n1 -w node1 "$@" sh -c 'echo runs; read -r line' 2>"$BATS_TEST_TMPDIR/step" 3>&-; }
  step=$!
  read -r -t 60 line <&"${running[0]}" || fail "$(<"$BATS_TEST_TMPDIR/step")"
  assert_equal "$line" runs
}

end_step() {
  echo >&"${running[1]}"
  ended "$step"
}

@test "pyxis-storage images: what there is, where it is from, when it was used, and what keeps it" {
  local step hex date of_job='(@sha256:[0-9a-f]+)?'
  forget_all
  run -0 on node1 "$STORAGE" images
  assert_output 'REFERENCE  DIGEST  LAYERS  SIZE  SHARED  LAST USE  STATE  ORIGIN'
  run -0 step_of alice --container-image="$REGISTRY/busybox" --container-name=stands true
  run -0 step_of bob --container-image="$REGISTRY/busybox:entrypoint" true
  find "$(shared)/uses" -exec touch -d '2026-01-31 12:00' {} +
  run -0 on node1 "$STORAGE" images
  assert_line --index 0 --regexp '^REFERENCE +DIGEST +LAYERS +SIZE +SHARED +LAST USE +STATE +ORIGIN$'
  date='2026-01-31 12:00'
  hex=$(curl -sSfI -H 'Accept: application/vnd.oci.image.manifest.v1+json' -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' \
    "http://$REGISTRY/v2/busybox/manifests/latest" | tr -d '\r' | sed -n 's/^[Dd]ocker-[Cc]ontent-[Dd]igest: sha256:\(.\{12\}\).*/\1/p')
  assert_line --regexp "^docker://$REGISTRY/busybox:latest$of_job +$hex +1 +[0-9.]+ MB +[0-9.]+ MB +$date +kept +$REGISTRY/busybox$"
  assert_line --regexp "^docker://$REGISTRY/busybox:entrypoint$of_job +[0-9a-f]{12} +2 +[0-9.]+ MB +[0-9.]+ MB +$date +$REGISTRY/busybox$"
  # Looking is no use; a step is.
  assert_equal "$(shown busybox | grep -c "$date")" 1
  begin_step --container-image="$REGISTRY/busybox"
  run -0 shown busybox
  assert_output --regexp " in use, kept +$REGISTRY/busybox$"
  refute_output --partial "$date"
  end_step
  run -0 step_of alice "$PYXIS_CLUSTER_DIR/prefix/bin/pyxis" remove -f pyxis_stands
  age_uses
  run -0 shown busybox
  refute_output --regexp 'in use|kept'
  # Only root is told.
  run on node1 setpriv --reuid bob --regid bob --clear-groups "$STORAGE" images
  assert_failure
  assert_output --partial 'pyxis-storage is for root'
}

@test "pyxis-storage pin: an image stays, whatever is collected, until it is unpinned" {
  local digest
  forget_all
  run on node1 "$STORAGE" pin "$REGISTRY/busybox"
  assert_failure
  assert_output --partial 'there are no images'
  run -0 step_of alice --container-image="$REGISTRY/busybox" true
  run -0 step_of alice --container-image="$REGISTRY/wide" true
  find "$(shared)/uses" -exec touch -d '2 days ago' {} +
  run -0 on node1 "$STORAGE" pin "$REGISTRY/busybox"
  run -0 shown busybox
  assert_output --regexp "$(date -d '2 days ago' +%Y-%m-%d) ..:.. +pinned "
  # It is the store's user that has noted it.
  assert_equal "$(stat -c %U "$(shared)"/uses/*/pinned)" _pyxis
  run -0 on node1 "$STORAGE" collect --limit 1K --max-age 1
  assert_output --partial '1 image and '
  run -0 shown busybox
  run on node1 "$STORAGE" collect "$REGISTRY/busybox"
  assert_failure
  assert_output --partial "image $REGISTRY/busybox is pinned"
  assert_output --partial "pyxis-storage unpin $REGISTRY/busybox"
  digest=$(images_there)
  run -0 on node1 "$STORAGE" unpin "${digest:7:12}"
  run -0 on node1 "$STORAGE" collect --limit 1K --max-age 1
  assert_equal "$(images_there)" ""
  assert_equal "$(layers_there)" ""
  run on node1 "$STORAGE" pin "$REGISTRY/busybox"
  assert_failure
  assert_output --partial "no image $REGISTRY/busybox in the store"
  assert_output --partial "'pyxis-storage images' shows"
}

@test "pyxis-storage collect IMAGE: that one goes, unless something needs it" {
  local step digest
  forget_all
  run -0 step_of alice --container-image="$REGISTRY/wide" true
  begin_step --container-image="$REGISTRY/busybox" --container-name=stands
  run on node1 "$STORAGE" collect "$REGISTRY/busybox"
  assert_failure
  assert_output --partial "a container stands on image $REGISTRY/busybox: /var/lib/pyxis/users/$(id -u alice)/containers/node1/pyxis_stands"
  end_step
  run -0 step_of alice "$PYXIS_CLUSTER_DIR/prefix/bin/pyxis" remove -f pyxis_stands
  begin_step --container-image="$REGISTRY/busybox"
  age_uses
  run on node1 "$STORAGE" collect "$REGISTRY/busybox"
  assert_failure
  assert_output --partial "a step uses image $REGISTRY/busybox"
  end_step
  assert_equal "$(images_there | wc -l)" 2
  # What was used a minute ago goes, too, where it is named.
  find "$(shared)/uses" -exec touch -d '1 minute ago' {} +
  digest=$(shown busybox | awk '{print $2}')
  run -0 on node1 "$STORAGE" collect --dry-run "$digest"
  assert_output --regexp "sha256:$digest[0-9a-f]+  docker://$REGISTRY/busybox:latest"
  assert_output --partial '1 image and 1 layer would go'
  assert_equal "$(images_there | wc -l)" 2
  run -0 on node1 "$STORAGE" collect "$REGISTRY/busybox:latest"
  assert_output --partial '1 image and '
  assert_equal "$(on node1 "$STORAGE" images | tail -n +2 | grep -cv "^docker://$REGISTRY/wide:latest")" 0
  run -0 step_of bob --container-image="$REGISTRY/busybox" sh -c 'echo "$IMAGE_VARIABLE"'
  assert_output --partial 'from the image'
}

# As systemd does it, as far as that can be done without: rights, no network, nothing else to be written.
@test "pyxis-collect.service: what it takes away from the program does not keep it from collecting" {
  local unit=$PYXIS_CLUSTER_DIR/prefix/lib/systemd/system/pyxis-collect.service capability rights=-all limits
  for capability in $(sed -n 's/^CapabilityBoundingSet=//p' "$unit"); do
    capability=${capability#CAP_}
    rights+=,+${capability,,}
  done
  limits=$(sed -n 's/^Environment="LIMITS=\(.*\)"$/\1/p' "$unit")
  assert_equal "$limits" '--limit 80%% --max-age 30'
  forget_all
  run -0 step_of alice --container-image="$REGISTRY/busybox" --container-name=stands true
  run -0 step_of alice --container-image="$REGISTRY/wide" true
  find "$(shared)/uses" "$(shared)/kept" -exec touch -d '40 days ago' {} +
  # shellcheck disable=SC2016
  run -0 on node1 unshare --net --mount bash -c '
    mount --bind /var/lib/pyxis /var/lib/pyxis && mount -o remount,bind,ro / && umask 077 &&
      exec nice -n 19 setpriv --bounding-set "$1" --no-new-privs "$0" collect ${2//%%/%}' "$STORAGE" "$rights" "$limits"
  assert_output --partial '1 image and '
  assert_equal "$(images_there | wc -l)" 1
  run -0 step_of alice --container-name=stands true
}

# --- nodes without --------------------------------------------------------------------------------------

@test "the part of the helper that makes mounts can make no other calls" {
  local pid
  open_shell in step_of bob -n1 --container-image="$IMAGE"
  for pid in $(pgrep -u _pyxis -x pyxis-storage); do
    grep -q '^Seccomp:[[:space:]]*2$' "/proc/$pid/status" || { echo "$pid is not confined" && false; }
  done
  assert [ "$(pgrep -c -u _pyxis -x pyxis-storage)" -ge 2 ]
  close_shell in
}

@test "root does not look into what a user has mounted over his store, and takes nothing that may be needed there" {
  local place
  place=/var/lib/pyxis/users/$(id -u bob)/containers
  own_container bob mine
  find "$(shared)/kept" "$(shared)/uses" -exec touch -d '2 days ago' {} +
  on node1 mount -t tmpfs none "$place" # as his own FUSE could be, which need not answer
  run on node1 "$STORAGE" collect "$IMAGE"
  on node1 umount "$place"
  assert_failure
  assert_output --partial 'a container stands on image'
}

# --- outside of steps ------------------------------------------------------------------------------------

@test "outside of steps a container on shared layers says what it needs" {
  own_container bob mine
  run --separate-stderr on_node1_as bob pyxis start pyxis_mine true
  assert_failure
  assert_equal "${stderr_lines[0]}" "[ERROR] the layers of container pyxis_mine are in this node's store for all users; that is for steps of jobs: srun --container-name; to export it, add --container-save=FILE"
}

@test "with the helper setuid root, users start and export their containers on shared layers, and no more" {
  local image before
  own_container bob mine
  chmod u+s "$STORAGE"
  before=$(tree_hash)
  run -0 on_node1_as bob pyxis start -w pyxis_mine sh -c 'cat /note; echo "$IMAGE_VARIABLE"; echo more >>/note'
  assert_output $'changed\nfrom the image'
  run -0 on_node1_as bob pyxis start pyxis_mine cat /note
  assert_output $'changed\nmore'
  run -0 on_node1_as bob pyxis export -f -o "$SUITE/mine.sqsh" pyxis_mine
  run -0 unsquashfs -cat "$SUITE/mine.sqsh" note
  assert_output $'changed\nmore'
  assert_equal "$(tree_hash)" "$before"
  image=$(images_there)
  attack bob lent "$image"
  assert_success
  assert_output --regexp "had [1-9][0-9]* layers, with .*'bin'"
  documents_of busybox
  attack alice lent-take "$image" "$REGISTRY" busybox "$SUITE/manifest" "$SUITE/config"
  withstood
  attack alice lent-many
  withstood
  attack alice lent-verbs
  withstood
  attack alice lent-sockets
  withstood
  run -0 on_node1_as bob pyxis start pyxis_mine cat /note
}

@test "the setuid helper does not run where others can put programs beside it" {
  local place=$SUITE/place
  own_container bob mine
  install -d -m 755 "$place"
  install -m 4755 "$STORAGE" "$place/pyxis-storage"
  STORAGE=$place/pyxis-storage attack bob lent "$(images_there)"
  assert_success
  assert_output --partial had
  for mode in 777 1777; do
    chmod "$mode" "$place"
    STORAGE=$place/pyxis-storage attack bob lent "$(images_there)"
    assert_failure
    refute_output --partial had
    run on_node1_as bob "$place/pyxis-storage" lend
    assert_output --partial "$place can be changed by others than root"
  done
  rm -r "$place"
}

@test "a file system without id-mapped mounts: slurmd says so in one line, and each user has a store of his own" {
  forget_all
  on node1 mount -t ramfs -o mode=711 ramfs /var/lib/pyxis
  : >"$PYXIS_CLUSTER_DIR/node1/slurmd.log.before"
  "$repo/scripts/cluster" restart node1 3>&-
  assert_equal "$(grep -c 'has no store for all users' "$PYXIS_CLUSTER_DIR/node1/slurmd.log")" 1
  run -0 step_of alice --container-image="$IMAGE" sh -c 'echo "$IMAGE_VARIABLE"'
  assert_output --partial 'from the image'
  on node1 umount /var/lib/pyxis
  "$repo/scripts/cluster" restart node1 3>&-
}
