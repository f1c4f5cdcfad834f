# --container-save: the container of a step in an image file, complete when the step ends.

load helpers

setup_file() {
  export SHARE=$SUITE/save
  install -d -m 777 "$SHARE"
  export image=$REGISTRY/busybox
}
setup() { rm -rf "${SHARE:?}"/*; }
teardown() {
  assert_nothing_left
  # Nothing half done, and nothing of a name that was not asked for.
  assert_equal "$(find "$SHARE" -name '.*' ! -path "$SHARE")" ""
}

# A file of an image file.
inside() { # IMAGE PATH
  unsquashfs -cat "$1" "$2"
}

@test "what a step has changed is in the file when srun returns, and starts from there" {
  run -0 --separate-stderr step --container-image="$image" --container-save="$SHARE/saved.sqsh" \
    sh -c 'echo new >/new && rm /bin/ls && mkdir /deep && echo x >/deep/x'
  run -0 unsquashfs -s "$SHARE/saved.sqsh"
  run -0 inside "$SHARE/saved.sqsh" new
  assert_output new
  run -0 --separate-stderr step --container-image="$SHARE/saved.sqsh" sh -c 'cat /deep/x; test ! -e /bin/ls && echo "$IMAGE_VARIABLE"'
  assert_output $'x\nfrom the image'
  run -0 inside "$SHARE/saved.sqsh" etc/rc
  assert_line --index 0 "# enroot-provenance: docker://$image:latest"
  assert_equal "$(stat -c %U "$SHARE/saved.sqsh")" alice
}

@test "relative to the job's working directory, and over a file of that name" {
  echo old >"$SHARE/saved.sqsh" && chmod 666 "$SHARE/saved.sqsh"
  run -0 --separate-stderr step --chdir="$SHARE" --container-image="$image" --container-workdir=/tmp --container-save=saved.sqsh \
    sh -c 'echo first >/new'
  run -0 inside "$SHARE/saved.sqsh" new
  assert_output first
  mkdir -m 777 "$SHARE/below"
  run -0 --separate-stderr step --chdir="$SHARE" --container-image="$image" --container-save=./below/saved.sqsh sh -c 'echo second >/new'
  run -0 inside "$SHARE/below/saved.sqsh" new
  assert_output second
}

@test "what any task of the node has written until the last one ends" {
  run -0 --separate-stderr step -n4 --container-image="$image" --container-save="$SHARE/saved.sqsh" \
    sh -c 'echo $SLURM_PROCID >/from-$SLURM_PROCID'
  local task
  for task in 0 1 2 3; do
    run -0 inside "$SHARE/saved.sqsh" "from-$task"
    assert_output "$task"
  done
}

@test "on every node of the step" {
  run -0 --separate-stderr step -N2 -n2 -w node1,node2 --container-image="$image" --container-save=/tmp/pyxis-save-test.sqsh \
    sh -c 'cat /proc/sys/kernel/hostname >/node'
  # Both have one /tmp here: the last one won, and is whole.
  run -0 inside /tmp/pyxis-save-test.sqsh node
  assert_output --regexp '^node[12]$'
  rm -f /tmp/pyxis-save-test.sqsh
  assert_nothing_left node2
}

@test "of a named container, of one from an image file, and of one that is remapped" {
  run -0 --separate-stderr step --container-image="$image" --container-name=kept --container-save="$SHARE/named.sqsh" sh -c 'echo new >/new'
  run -0 inside "$SHARE/named.sqsh" new
  assert_output new
  run -0 --separate-stderr step --container-name=kept cat /new
  assert_output new
  run -0 --separate-stderr step --container-image="$SHARE/named.sqsh" --container-save="$SHARE/again.sqsh" --container-remap-root \
    sh -c 'id -u; echo newer >/new'
  assert_output 0
  run -0 inside "$SHARE/again.sqsh" new
  assert_output newer
  forget_containers
}

@test "of a running container that was joined" {
  open_shell first step --container-image="$image" --container-name=shared
  tell first 'echo theirs >/theirs'
  run -0 --separate-stderr step --container-name=shared --container-save="$SHARE/joined.sqsh" sh -c 'echo ours >/ours'
  run -0 inside "$SHARE/joined.sqsh" theirs
  assert_output theirs
  run -0 inside "$SHARE/joined.sqsh" ours
  assert_output ours
  close_shell first
  forget_containers
}

@test "in a batch script" {
  cat >"$SHARE/job.sh" <<'END'
#!/bin/sh
echo new >/new
exit 3
END
  run -3 as alice sbatch --wait --output="$SHARE/job.out" --container-image="$image" --container-save="$SHARE/batch.sqsh" "$SHARE/job.sh"
  run -0 inside "$SHARE/batch.sqsh" new
  assert_output new
  run -0 cat "$SHARE/job.out"
  assert_output --partial "pyxis: saved container to $SHARE/batch.sqsh"
}

@test "mounts are not part of it" {
  run -0 --separate-stderr step --container-image="$image" --container-mounts="$SHARE:/mounted" --container-save="$SHARE/saved.sqsh" \
    sh -c 'echo x >/mounted/file'
  run -0 unsquashfs -d "$BATS_TEST_TMPDIR/out" -quiet -no-progress "$SHARE/saved.sqsh"
  assert_equal "$(ls -A "$BATS_TEST_TMPDIR/out/mounted")" ""
}

@test "status, signal, output and input of the command are those of the task" {
  run -7 --separate-stderr step --container-image="$image" --container-save="$SHARE/saved.sqsh" sh -c 'echo out; echo err >&2; exit 7'
  assert_output out
  assert_said err
  assert [ -s "$SHARE/saved.sqsh" ]
  run --separate-stderr step --container-image="$image" --container-save="$SHARE/saved.sqsh" sh -c 'kill -USR1 $$'
  assert_failure
  assert_said "User defined signal 1"
  run -0 --separate-stderr step --container-image="$image" --container-save="$SHARE/saved.sqsh" sh -c 'cat; echo $$ $SLURM_TASK_PID | { read a b; test $a = $b && echo same; }' <<<'from srun'
  assert_output $'from srun\nsame'
}

@test "a full disk fails the step: the file system is named, no file is left, the old one stays" {
  mkdir "$SHARE/small"
  on node1 mount -t tmpfs -o size=400k,mode=1777 small "$SHARE/small"
  run --separate-stderr step --container-image="$image" --container-save="$SHARE/small/saved.sqsh" true
  local status_of_step=$status said=$stderr left
  left=$(on node1 ls -A "$SHARE/small")
  on node1 umount "$SHARE/small"
  assert_equal "$status_of_step" 1
  assert_equal "$left" ""
  stderr=$said
  assert_said_once "pyxis: failed to save container: pyxis_"
  assert_said "No space left on device"
  assert_said "$SHARE/small is too small for it"
}

@test "what is bound to fail is said before anything runs" {
  run --separate-stderr step --container-image="$image" --container-save=/etc/saved.sqsh sh -c "touch $SHARE/ran"
  assert_failure
  assert_said_once "failed to save container"
  assert_said "/etc/saved.sqsh: Permission denied"
  run --separate-stderr step --container-image="$image" --container-save="$SHARE" sh -c 'echo ran'
  assert_failure
  assert_output ""
  assert_said "$SHARE is a directory"
  run --separate-stderr step --container-image="$image" --container-save="$SHARE/" true
  assert_failure
  assert_said "--container-save: path is a directory: $SHARE/"
  # A directory may come to be while the step runs.
  run -0 --separate-stderr step --container-mounts="$SHARE" --container-image="$image" --container-save="$SHARE/later/saved.sqsh" \
    mkdir "$SHARE/later"
  assert_said_once "the directory of $SHARE/later/saved.sqsh is not there; at the end it must be"
  assert [ -s "$SHARE/later/saved.sqsh" ]
}

@test "a start that fails saves nothing; neither does a step that is killed" {
  run --separate-stderr step --container-image="$REGISTRY/no-such-image" --container-save="$SHARE/saved.sqsh" true
  assert_failure
  assert [ ! -e "$SHARE/saved.sqsh" ]
  run --separate-stderr step --container-image="$image" --container-workdir=/no/such --container-save="$SHARE/saved.sqsh" true
  assert_failure
  run ! grep -E 'sav(ing|ed) container' <<<"$stderr"
  assert [ ! -e "$SHARE/saved.sqsh" ]
  open_shell killed step --container-image="$image" --container-save="$SHARE/saved.sqsh"
  controller scancel --signal=KILL "$(step_number)"
  ends_with_failure "${shell_pid[killed]}"
  assert_nothing_left
  assert [ ! -e "$SHARE/saved.sqsh" ]
}

# The one step that runs in the suite's allocation of alice, besides its batch and extern steps.
step_number() {
  controller squeue --noheader --steps --jobs="$ALICE_JOB" --format=%i | grep -E '\.[0-9]+$' | tail -n 1 | tr -d ' '
}
