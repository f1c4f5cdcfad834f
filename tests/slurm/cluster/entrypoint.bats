# --container-entrypoint: what an image starts with runs once before the tasks, and they get what it makes of the environment.

load helpers

setup_file() {
  export IMAGES=$REGISTRY/entrypoints SHARE=$SUITE/entrypoint
  install -d -m 777 "$SHARE"
}
teardown() {
  assert_nothing_left
  forget_containers
}

entered() { # TAG [OPTION...] COMMAND...
  step --container-entrypoint --container-image="$IMAGES:$1" "${@:2}"
}

# --- what the tasks get ---------------------------------------------------------------------------------

@test "variables that it sets, changes and removes, and its working directory, reach all tasks" {
  run -0 --separate-stderr entered changes -n2 sh -c 'echo "$SET|$CHANGED|${REMOVED-removed}|$STAYS|$LINES_|$PWD"; pwd'
  assert_equal "$(sort <<<"$output")" "$(printf '%s\n' 'two words|image, changed|removed|image|one' 'two words|image, changed|removed|image|one' \
    'two|/tmp/elsewhere' 'two|/tmp/elsewhere' /tmp/elsewhere /tmp/elsewhere | sort)"
  refute_said 'printed by'
}

@test "it runs once per node, whatever the number of tasks" {
  run -0 --separate-stderr entered changes -n4 sh -c 'cat /tmp/runs'
  assert_equal "$(wc -l <<<"$output")" 4
  assert_equal "$(sort -u <<<"$output" | wc -l)" 1
}

@test "without the option it does not run; PYXIS_CONTAINER_ENTRYPOINT and --no-container-entrypoint" {
  run -0 --separate-stderr step --container-image="$IMAGES:changes" sh -c 'echo "${SET-none}|$CHANGED"; pwd'
  assert_output $'none|image\n/root/work'
  run -0 --separate-stderr as alice env PYXIS_CONTAINER_ENTRYPOINT=1 srun --jobid="$ALICE_JOB" --overlap -N1 -n1 -w node1 \
    --container-image="$IMAGES:changes" sh -c 'echo "$SET"'
  assert_output 'two words'
  run -0 --separate-stderr as alice env PYXIS_CONTAINER_ENTRYPOINT=1 srun --jobid="$ALICE_JOB" --overlap -N1 -n1 -w node1 \
    --no-container-entrypoint --container-image="$IMAGES:changes" sh -c 'echo "${SET-none}"'
  assert_output none
}

@test "what it prints is shown on request" {
  run -0 --separate-stderr entered changes --container-entrypoint-log true
  assert_said_once 'pyxis: printed by the entry point'
  assert_said 'pyxis: and on stderr: none none job'
  run -0 --separate-stderr entered changes true
  refute_said 'printed by'
}

@test "it sees the job's variables, and those of --container-env as they are outside" {
  run -0 --separate-stderr as alice env FROM_JOB=outside NAMED=outside CHANGED=outside STAYS=outside FROM_JOB_REMOVED=outside srun \
    --jobid="$ALICE_JOB" --overlap -N1 -n1 -w node1 --container-entrypoint --container-entrypoint-log \
    --container-image="$IMAGES:changes" --container-env=STAYS,NAMED,ABSENT \
    sh -c 'echo "$FROM_JOB|$NAMED|$CHANGED|$STAYS|${FROM_JOB_REMOVED-removed}|$SLURM_PROCID"'
  assert_said 'and on stderr: outside outside job'
  assert_output 'outside|outside|image, changed|outside|removed|0'
}

@test "--container-workdir wins over where it ends" {
  run -0 --separate-stderr entered changes --container-workdir=/usr pwd
  assert_output /usr
}

@test "as root, read-only, and in a batch script" {
  run -0 --separate-stderr entered changes --container-remap-root sh -c 'echo "$SET"; id -u'
  assert_output $'two words\n0'
  run -0 --separate-stderr entered wraps --container-readonly sh -c 'echo "$WRAPPED"'
  assert_output yes
  cat >"$SHARE/job.sh" <<'END'
#!/bin/sh
echo "$SET from $PWD"
END
  run -0 as alice sbatch --wait --output="$SHARE/job.out" --container-entrypoint --container-image="$IMAGES:changes" "$SHARE/job.sh"
  assert_equal "$(grep -v '^pyxis:' "$SHARE/job.out")" 'two words from /tmp/elsewhere'
}

@test "a named container: at each start, and not when it is joined" {
  run -0 --separate-stderr entered changes --container-name=named sh -c 'cat /tmp/runs | wc -l'
  assert_output 1
  open_shell first step --container-entrypoint --container-name=named
  run -0 --separate-stderr step --container-entrypoint --container-name=named sh -c 'cat /tmp/runs | wc -l; echo "$SET"; pwd'
  assert_output $'2\ntwo words\n/'
  close_shell first
}

# --- kinds of entry points ------------------------------------------------------------------------------

@test "a static one in an image without a shell is executed itself" {
  run -0 --separate-stderr entered static --container-entrypoint-log --container-mounts=/bin/busybox:/busybox /busybox sh -c 'echo "$FROM_ENTRYPOINT in $PWD"'
  assert_output 'static in /srv'
  assert_said 'static entry point'
}

@test "an image without one: nothing is run" {
  run -0 --separate-stderr step --container-entrypoint --container-image="$REGISTRY/busybox" echo done
  assert_output done
}

@test "one that has its command as a child sees it end with the step" {
  run -0 --separate-stderr entered wraps --container-name=wrapped sh -c 'echo "$WRAPPED"; ls /tmp/over || echo "not over"'
  assert_equal "$output" $'yes\nnot over'
  run -0 --separate-stderr step --container-name=wrapped sh -c 'cat /tmp/over'
  assert_output over
}

@test "what it leaves in the background runs as long as the step, and holds up nothing" {
  run -0 --separate-stderr entered daemon sh -c 'ps | grep -c "[s]leep 1000"'
  assert_output 1
}

@test "one whose programs have no descriptors of ours" {
  run -0 --separate-stderr entered closes sh -c 'echo "$CLOSED"'
  assert_output yes
}

@test "image files: their rc, rc.local and profile" {
  local tree=$BATS_TEST_TMPDIR/tree
  mkdir -p "$tree"/{bin,etc,proc,sys,dev,tmp,work}
  cp /bin/busybox "$tree/bin/"
  chroot "$tree" /bin/busybox --install -s /bin
  echo PATH=/bin >"$tree/etc/environment"
  printf '%s\n' 'cd /work || exit 1' '. /etc/rc.local' 'export RC=rc' 'exec "$@"' >"$tree/etc/rc"
  echo 'export LOCAL=local' >"$tree/etc/rc.local"
  echo 'export PROFILE=profile' >"$tree/etc/profile"
  mksquashfs "$tree" "$SHARE/image.sqsh" -noappend -quiet -no-progress
  run -0 --separate-stderr step --container-entrypoint --container-image="$SHARE/image.sqsh" sh -c 'echo "$RC $LOCAL $PROFILE in $PWD"'
  assert_output 'rc local profile in /work'
}

# --- failures -------------------------------------------------------------------------------------------

fails() { # TAG TEXT [OPTION...]
  run --separate-stderr entered "$1" -n4 "${@:3}" true
  assert_failure
  assert_said_once "couldn't start container"
  assert_said_once "$2"
}

@test "one that exits: its status and what it printed" {
  fails exits 'entry point /entry exited with status 3 before it ran the command it was given:'
  assert_said_once 'no licence found'
  fails exits 'entry point /entry exited with status 3' --container-entrypoint-log
  assert_said_once 'no licence found'
  fails forgets 'entry point /entry exited with status 0 before it ran the command it was given; it has to end with exec "$@"'
}

@test "one that cannot be executed" {
  fails missing 'entry point /no/such/entry: execute /no/such/entry: No such file or directory; the image does not have it'
  fails interpreter 'entry point /entry: execute /entry: No such file or directory; the image does not have it, or not the interpreter'
  fails format 'entry point /entry: execute /entry: Exec format error; it is a program for another architecture, or a script whose first line'
  fails mode 'entry point /entry: execute /entry: Permission denied; the image has it without permission to execute'
}

@test "a named container whose entry point fails is not made; one that exists stays" {
  fails exits 'status 3' --container-name=broken
  assert_equal "$(containers)" ''
  run -0 --separate-stderr step --container-image="$IMAGES:exits" --container-name=broken true
  run --separate-stderr step --container-entrypoint --container-name=broken true
  assert_said_once 'status 3'
  assert_equal "$(containers)" pyxis_broken
}

@test "one that hangs: the step can be cancelled, and says so" {
  local job srun engine
  job=$(allocate alice -w node1 -n2)
  as alice srun --jobid="$job" -n2 --container-entrypoint --container-entrypoint-log --container-image="$IMAGES:hangs" true \
    2>"$BATS_TEST_TMPDIR/err" 3>&- &
  srun=$!
  grep -qm 1 hanging < <(exec timeout 60 tail -n +1 -f "$BATS_TEST_TMPDIR/err" 3>&-)
  controller scancel "$job"
  ends_with_failure "$srun"
  cat "$BATS_TEST_TMPDIR/err"
  grep -q 'pyxis: cancelled while the entry point /entry was running' "$BATS_TEST_TMPDIR/err"
}

@test "nothing is left when the engine or the supervisor is killed meanwhile" {
  local victim job srun
  for victim in pyxis pyxis-container; do
    job=$(allocate alice -w node1 -n2)
    as alice srun --jobid="$job" -n2 --container-entrypoint --container-entrypoint-log --container-image="$IMAGES:hangs" true \
      2>"$BATS_TEST_TMPDIR/err" 3>&- &
    srun=$!
    grep -qm 1 hanging < <(exec timeout 60 tail -n +1 -f "$BATS_TEST_TMPDIR/err" 3>&-)
    on node1 pkill -KILL -u alice -x "$victim"
    ends_with_failure "$srun"
    controller scancel "$job"
    grep -q "couldn't start container" "$BATS_TEST_TMPDIR/err"
    run -0 step --container-image="$IMAGES:hangs" true
    assert_nothing_left
  done
}
