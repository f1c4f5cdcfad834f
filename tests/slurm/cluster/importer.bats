# importer=PATH: a program of the site's gets images in the engine's place. On a cluster of its own, with both engines.

load helpers

setup_file() {
  own_cluster_up importer
  export IMAGE=$REGISTRY/busybox IMPORTER=$SUITE/importer
  ln -s pyxis "$PYXIS_CLUSTER_DIR/prefix/bin/enroot"
  as alice env ENROOT_DATA_PATH="$SUITE/store" pyxis import -o "$SUITE/image.sqsh" "docker://$IMAGE"
  # It notes what it is asked, and by whom; what its answer is, a file says.
  cat >"$IMPORTER" <<SCRIPT
#!/bin/bash
echo "\$(id -un) \$SLURM_JOB_ID \$*" >>$SUITE/asked
[[ \$1 == get ]] || exit 0
echo 'from the importer' >&2
. $SUITE/answer
SCRIPT
  chmod 755 "$IMPORTER"
}

teardown_file() {
  own_cluster_down
}

setup() {
  rm -f "$SUITE/asked"
  answer "echo $SUITE/image.sqsh"
}

teardown() {
  forget_containers
}

answer() { # COMMAND
  echo "$1" >"$SUITE/answer"
}

with_engine() { # pyxis | enroot
  local keys=()
  [[ $1 == pyxis ]] || keys=("enroot_path=$PYXIS_CLUSTER_DIR/prefix/bin/enroot" use_squashfuse=1)
  plugstack "importer=$IMPORTER" "engine=$1" "${keys[@]}"
}

asked() {
  cat "$SUITE/asked"
}

@test "the image is what the importer says, and it is told when that is not needed any more" {
  local engine
  for engine in pyxis enroot; do
    with_engine "$engine"
    rm -f "$SUITE/asked"
    open_shell in step -n1 --container-image=some/image:tag
    run -0 tell in 'echo "$IMAGE_VARIABLE"'
    assert_output 'from the image'
    assert_equal "$(asked)" "alice $ALICE_JOB get docker://some/image:tag"
    close_shell in
    assert_equal "$(asked | head -n 1)" "alice $ALICE_JOB get docker://some/image:tag"
    assert_equal "$(asked | tail -n +2 | sort -u)" "alice $ALICE_JOB release"
    assert_nothing_left
  done
}

@test "a named container has taken the image when it runs: the importer is told then, and again at the end" {
  local engine get
  for engine in pyxis enroot; do
    with_engine "$engine"
    rm -f "$SUITE/asked"
    get="alice $ALICE_JOB get docker://some/image:tag"
    open_shell in step -n1 --container-image=some/image:tag --container-name=taken
    run -0 tell in 'echo "$IMAGE_VARIABLE"'
    assert_output 'from the image'
    assert_equal "$(asked)" "$get"$'\n'"alice $ALICE_JOB release"
    close_shell in
    assert_equal "$(asked)" "$get"$'\n'"alice $ALICE_JOB release"$'\n'"alice $ALICE_JOB release"
    # It is not asked for a container that exists.
    rm -f "$SUITE/asked"
    run -0 step --container-image=some/image:tag --container-name=taken true
    run ! grep -s get "$SUITE/asked"
    forget_containers
  done
}

@test "the import is announced; image files and containers that exist need no importer" {
  with_engine pyxis
  run -0 --separate-stderr step --container-image=some/image true
  assert_said_once 'pyxis: importing docker image: some/image'
  assert_said_once 'pyxis: imported docker image: some/image'
  refute_said 'from the importer'
  rm "$SUITE/asked"
  run -0 step --container-image="$SUITE/image.sqsh" true
  run ! grep get "$SUITE/asked"
}

@test "an importer that fails, or answers with no path, is named with what it said, and told to release" {
  local engine
  for engine in pyxis enroot; do
    with_engine "$engine"
    rm -f "$SUITE/asked"
    answer 'exit 3'
    run --separate-stderr step -n2 --container-image=some/image echo ran
    assert_failure
    assert_output ''
    assert_said_once 'error: pyxis: failed to import docker image: some/image'
    assert_said_once "pyxis: importer $IMPORTER get exited with status 3"
    assert_said_once 'pyxis: from the importer'
    assert_equal "$(asked | tail -n 1)" "alice $ALICE_JOB release"
    answer 'echo not-a-path'
    run --separate-stderr step --container-image=some/image echo ran
    assert_failure
    assert_said_once "pyxis: importer $IMPORTER: it printed no absolute path: \"not-a-path\""
    answer "echo $SUITE/no-such.sqsh"
    run --separate-stderr step --container-image=some/image echo ran
    assert_failure
    assert_said "$SUITE/no-such.sqsh: No such file or directory"
    assert_nothing_left
  done
}

@test "a step that is cancelled while the importer works ends it" {
  local engine job srun
  for engine in pyxis enroot; do
    with_engine "$engine"
    rm -f "$SUITE/up" "$SUITE/asked"
    mkfifo -m 666 "$SUITE/up"
    answer "echo up >$SUITE/up; sleep 1000"
    job=$(allocate alice -n2)
    as alice srun --jobid="$job" -n1 --container-image=some/image true 2>"$BATS_TEST_TMPDIR/srun.err" 3>&- &
    srun=$!
    assert_equal "$(timeout 60 head -n 1 "$SUITE/up")" up
    controller scancel "$job"
    ends_with_failure "$srun"
    answer "echo $SUITE/image.sqsh"
    run -0 step --container-image=some/image true
    assert_nothing_left
    run -0 grep "^alice $job release" "$SUITE/asked"
  done
}

@test "an importer that is not there is named" {
  plugstack importer=/no/such/importer
  run --separate-stderr step --container-image=some/image echo ran
  assert_failure
  assert_said_once 'pyxis: importer /no/such/importer: execute /no/such/importer: No such file or directory'
  assert_nothing_left
}
