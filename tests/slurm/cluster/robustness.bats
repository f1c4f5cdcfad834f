# Many at once, and what is left when something is killed: nothing, once the next step has run.

load helpers

setup_file() {
  export IMAGE=$REGISTRY/busybox
  install -d -m 777 "$SUITE/robustness"
}

teardown() {
  fault _release
  [[ -z ${job:-} ]] || controller scancel "$job"
}

# --- many at once ---------------------------------------------------------------------------------------

@test "two users, two steps each, the same absent image at once: each store imports it once" {
  local n pids=() layers user
  empty_store node1 alice
  empty_store node1 bob
  fault _reset
  mark_log fault
  for user in alice bob; do
    for n in 1 2; do
      step_of "$user" --container-image="$FAULTD/stall-layers/wide" sh -c 'cat /wide/last' >"$BATS_TEST_TMPDIR/$user.$n" 2>"$BATS_TEST_TMPDIR/$user.$n.errors" 3>&- &
      pids+=($!)
    done
  done
  await_stalled 2
  fault _release
  for n in "${pids[@]}"; do ended "$n"; done
  for user in alice bob; do
    for n in 1 2; do assert_equal "$(<"$BATS_TEST_TMPDIR/$user.$n")" 69; done
    assert_nothing_left node1 "$user"
  done
  # Each layer once for each store. (The configuration, which is small, each step may have read for itself.)
  layers=$(curl -sSf -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$REGISTRY/v2/wide/manifests/latest" |
    /usr/bin/python3 -c 'import json, sys; print("\n".join(sorted({layer["digest"] for layer in json.load(sys.stdin)["layers"]})))')
  assert [ "$(wc -l <<<"$layers")" -ge 70 ]
  assert_equal "$(new_requests fault | sed -n 's|^GET .*/blobs/\([^ ]*\) .*|\1|p' | grep -F "$layers" | sort | uniq -c | awk '{ print $1, $2 }')" \
    "$(sed 's/^/2 /' <<<"$layers")"
}

@test "32 steps at once on one node all succeed" {
  local n pids=()
  for n in {1..32}; do
    step --container-image="$IMAGE" sh -c 'echo "$IMAGE_VARIABLE"' >"$BATS_TEST_TMPDIR/$n" 2>"$BATS_TEST_TMPDIR/$n.errors" 3>&- &
    pids+=($!)
  done
  for n in {1..32}; do ended "${pids[n - 1]}" || cat "$BATS_TEST_TMPDIR/$n.errors"; done
  for n in {1..32}; do assert_equal "$(<"$BATS_TEST_TMPDIR/$n")" 'from the image'; done
  assert_nothing_left
}

@test "a warm start, the first of its job, asks what the tag is, downloads nothing and changes nothing in the store" {
  local before after
  run -0 as alice srun -N1 -n1 -w node1 --container-image="$IMAGE" true
  before=$(find "$(store)/layers" "$(store)/images" "$(store)/refs" -printf '%P %i %s %T@ %C@\n' | sort)
  mark_log anonymous
  run -0 as alice srun -N1 -n1 -w node1 --container-image="$IMAGE" true
  after=$(find "$(store)/layers" "$(store)/images" "$(store)/refs" -printf '%P %i %s %T@ %C@\n' | sort)
  assert_equal "$after" "$before"
  # The question which protocol the registry speaks, and the one request that counts.
  assert_equal "$(new_requests anonymous)" $'GET /v2/ 200\nHEAD /v2/busybox/manifests/latest 200'
}

@test "a tag means one image for all steps of a job, and what it means now for the next job" {
  local moving=$REGISTRY/moving
  skopeo copy --quiet --src-tls-verify=false --dest-tls-verify=false "docker://$REGISTRY/busybox" "docker://$moving"
  run -0 step --container-image="$moving" sh -c 'echo "$IMAGE_VARIABLE"'
  assert_line 'from the image'
  skopeo copy --quiet --src-tls-verify=false --dest-tls-verify=false "docker://$REGISTRY/wide" "docker://$moving"
  mark_log anonymous
  run -0 step --container-image="$moving" sh -c 'echo "$IMAGE_VARIABLE"'
  assert_line 'from the image'
  assert_equal "$(new_requests anonymous)" ""
  run -0 as alice srun -N1 -n1 -w node1 --container-image="$moving" cat /wide/last
  assert_line 69
  # Also where another step on the node has meanwhile found the tag elsewhere.
  run -0 step --container-image="$moving" sh -c 'echo "$IMAGE_VARIABLE"'
  assert_line 'from the image'
}

retag() { # IMAGE NAME
  skopeo copy --quiet --src-tls-verify=false --dest-tls-verify=false "docker://$1" "docker://$2"
}

# IMAGE OTHER: two steps, and between them, and before the job's second node has seen it, the tag moves on.
moving_script() {
  cat >"$SUITE/moving.sh" <<'END'
#!/bin/bash -e
srun -N1 -n1 --container-image="$1" sh -c 'echo $IMAGE_VARIABLE'
skopeo copy --quiet --src-tls-verify=false --dest-tls-verify=false "docker://$2" "docker://$1"
srun -N2 -n2 --container-image="$1" sh -c 'echo $IMAGE_VARIABLE'
END
  chmod a+rx "$SUITE/moving.sh"
}

@test "a tag means one image on all nodes of a job, for all its steps: srun asks once" {
  local moving=$REGISTRY/nodes digest
  retag "$REGISTRY/busybox" "$moving"
  digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$moving")
  mark_log anonymous
  run -0 --separate-stderr as alice srun -N2 -n2 --container-image="$moving" sh -c 'echo "$IMAGE_VARIABLE"'
  assert_output $'from the image\nfrom the image'
  assert_equal "$stderr" "pyxis: $moving is $digest on all nodes"
  assert_equal "$(new_requests anonymous | grep -c '/nodes/manifests/latest')" 1
  moving_script
  run -0 as alice sbatch -W -N2 -o "$SUITE/moving.out" "$SUITE/moving.sh" "$moving" "$REGISTRY/wide"
  assert_equal "$(grep -c 'from the image' "$SUITE/moving.out")" 3
  run -0 as alice srun -N2 -n2 --container-image="$moving" cat /wide/last
  assert_equal "$(grep -c 69 <<<"$output")" 2
}

@test "a tag means one image for all steps in salloc on a login node, which leaves nothing there" {
  local moving=$REGISTRY/allocated digest before
  retag "$REGISTRY/busybox" "$moving"
  digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$moving")
  moving_script
  before=$(find /run/pyxis /run/user /tmp -user alice 2>/dev/null | sort)
  run -0 --separate-stderr as alice salloc --quiet -N2 "$SUITE/moving.sh" "$moving" "$REGISTRY/wide"
  assert_equal "$output" $'from the image\nfrom the image\nfrom the image'
  assert_equal "$(grep -c "pyxis: $moving is $digest on all nodes" <<<"$stderr")" 2
  assert_equal "$(find /run/pyxis /run/user /tmp -user alice 2>/dev/null | sort)" "$before"
  # Another job asks anew.
  run -0 as alice salloc --quiet -N2 srun --container-image="$moving" cat /wide/last
  assert_equal "$(grep -c 69 <<<"$output")" 2
}

@test "pin_tags=node: each node finds out for itself" {
  plugstack pin_tags=node
  run -0 as alice srun -N2 -n2 --container-image="$IMAGE" true
  mark_log anonymous
  run -0 --separate-stderr as alice srun -N2 -n2 --container-image="$IMAGE" true
  plugstack
  assert_equal "$stderr" ""
  assert_equal "$(new_requests anonymous | grep -c 'HEAD /v2/busybox/manifests/latest')" 2
}

@test "image_refresh: what a tag was found to be counts for so long" {
  run -0 as alice srun -N1 -n1 -w node1 --container-image="$IMAGE" true
  plugstack image_refresh=3600
  mark_log anonymous
  run -0 as alice srun -N1 -n1 -w node1 --container-image="$IMAGE" true
  assert_equal "$(new_requests anonymous)" ""
  plugstack image_refresh=always
  run -0 as alice srun -N1 -n1 -w node1 --container-image="$IMAGE" true
  plugstack
  assert_equal "$(new_requests anonymous | grep -c HEAD)" 1
}

# Unmounting an overlay writes all of the file system below to disk, whoever has written there; "volatile" ones do not.
@test "the end of an unnamed container waits for no disk; a named one's changes are written" {
  run -0 --separate-stderr step --container-image="$IMAGE" grep -c ' / / .* - overlay .*volatile' /proc/self/mountinfo
  assert_output 1
  run step --container-image="$IMAGE" --container-name=written grep -c ' / / .* - overlay .*volatile' /proc/self/mountinfo
  assert_line 0
  forget_containers
}

# --- something is killed --------------------------------------------------------------------------------

# Where a step is when it is hit: `importing` leaves it in the middle of a download, `running` in its command. It is a job
# of its own, whose number is in $job; its srun is $srun.
importing() {
  image=$FAULTD/stall-layers/busybox
  empty_store
  fault _reset
  job=$(allocate alice -w node1 -n2)
  in_background -n1 --container-image="$image" true
  await_stalled
  assert [ -n "$(ls -A "$(store)/tmp")" ]
}

running() {
  image=$IMAGE
  mkfifo "$BATS_TEST_TMPDIR/out"
  job=$(allocate alice -w node1 -n2)
  # Opened for reading and writing, neither end of the fifo waits for the other.
  local up line
  exec {up}<>"$BATS_TEST_TMPDIR/out"
  # A command that is ended is no success, whichever of its processes Slurm's signal reaches first.
  in_background -n2 --container-image="$image" sh -c 'sleep 1000 & echo up; wait; exit 1' >&"$up"
  read -r -t 60 line <&"$up" && read -r -t 60 line <&"$up" || fail "the step does not start: $(cat "$BATS_TEST_TMPDIR/srun.err")"
}

in_background() { # [OPTION...] COMMAND...
  as alice srun --jobid="$job" "$@" 2>"$BATS_TEST_TMPDIR/srun.err" 3>&- &
  srun=$!
}

kill_engine() {  # on the way there is one engine; when the command runs, its supervisor
  on node1 pkill -KILL -u alice -x 'pyxis|pyxis-container'
}

# srun would wait for ever for the end of a step whose slurmstepd is gone, also of an uncontained one.
kill_slurmstepd() {
  on node1 pkill -KILL -f "slurmstepd: \[$job\.0\]"
  pkill -KILL -P "$srun"
}

after_the_hit() {
  fault _release
  local status=0
  ended "$srun" || status=$?
  ((status != 0 && status != 124)) || fail "srun did not fail: status $status"
  controller scancel "$job" 2>/dev/null || true
  job=''
  # The next step clears up, and the same command succeeds. A kind that stalls does no more after its release.
  run -0 --separate-stderr step --container-image="$image" sh -c 'echo "$IMAGE_VARIABLE"'
  assert_output 'from the image'
  assert_nothing_left
}

@test "kill -9 of the engine while it imports" {
  local image job srun
  importing
  kill_engine
  after_the_hit
  assert_equal "$(grep -c "pyxis: couldn't start container" "$BATS_TEST_TMPDIR/srun.err")" 1
}

@test "kill -9 of the supervisor while the command runs: the step goes on and leaves nothing" {
  local image job srun
  running
  kill_engine
  controller scancel "$job"
  after_the_hit
}

@test "kill -9 of slurmstepd while the engine imports" {
  local image job srun
  importing
  kill_slurmstepd
  after_the_hit
}

@test "kill -9 of slurmstepd while the command runs" {
  local image job srun
  running
  kill_slurmstepd
  after_the_hit
}

@test "scancel while the engine imports" {
  local image job srun
  importing
  controller scancel "$job"
  after_the_hit
}

@test "scancel while the command runs" {
  local image job srun
  running
  controller scancel "$job"
  after_the_hit
}

@test "a job that runs out of time leaves nothing" {
  local image job srun
  running
  # Slurm looks at time limits twice a minute.
  controller scontrol update "JobId=$job" TimeLimit=1 EndTime=now
  after_the_hit
  grep -q 'DUE TO TIME LIMIT' "$BATS_TEST_TMPDIR/srun.err"
}

@test "kill -9 of slurmd while the engine imports: the step goes on" {
  local image job srun
  importing
  on node1 pkill -KILL -x slurmd
  fault _release
  run -0 "$repo/scripts/cluster" restart node1
  ended "$srun"
  assert_nothing_left
}

@test "kill -9 of slurmd while the command runs: the step goes on, and can be cancelled" {
  local image job srun
  running
  on node1 pkill -KILL -x slurmd
  run -0 "$repo/scripts/cluster" restart node1
  run -0 on node1 pgrep -u alice sleep
  controller scancel "$job"
  after_the_hit
}

@test "a step whose tasks leave processes behind ends without them" {
  run -0 --separate-stderr step --container-image="$IMAGE" sh -c 'setsid sleep 1000 >/dev/null 2>&1 </dev/null & echo started'
  assert_output started
  assert_nothing_left
}

@test "a requeued job starts anew under its number" {
  local number
  cat >"$SUITE/robustness/requeue.sh" <<'SCRIPT'
#!/bin/sh
echo "restarts: ${SLURM_RESTART_COUNT:-0}"
[ -n "$SLURM_RESTART_COUNT" ] || { touch /only-once; echo up >/fifos/up; sleep 1000; }
ls /only-once || echo fresh
echo over >/fifos/up
SCRIPT
  mkfifo -m 666 "$SUITE/robustness/up"
  number=$(as alice sbatch --parsable -w node1 --requeue -o "$SUITE/robustness/requeue.out" --open-mode=append --container-image="$IMAGE" \
    --container-mounts="$SUITE/robustness:/fifos" "$SUITE/robustness/requeue.sh")
  assert_equal "$(timeout 60 head -n 1 "$SUITE/robustness/up")" up
  controller scontrol requeue "$number"
  # Slurm would wait two minutes before it starts a requeued job again, and knows that when the job has left the node. Not in
  # this very second: slurmd revoked the job's credential in it, and takes whole seconds for one ("Job credential revoked").
  grep -qm 1 "Requeuing JobId=$number" < <(exec timeout 60 tail -n +1 -f "$PYXIS_CLUSTER_DIR/head/slurmctld.log" 3>&-)
  controller scontrol update "JobId=$number" StartTime=now+2seconds
  assert_equal "$(timeout 100 head -n 1 "$SUITE/robustness/up")" over
  assert_equal "$(grep -E '^(restarts|fresh|/only)' "$SUITE/robustness/requeue.out")" $'restarts: 0\nrestarts: 1\nfresh'
  assert_nothing_left
}
