# TaskProlog, and jobs with a /tmp and a /dev/shm of their own (job_container/tmpfs), in use at the same time as containers.
# On a cluster of its own, beside that of the suite.

load helpers

setup_file() {
  export TASK_PROLOG=/var/tmp/pyxis-task-prolog-$$ IMAGE=$REGISTRY/busybox
  cat >"$TASK_PROLOG" <<'SCRIPT'
#!/bin/bash
echo "export FROM_PROLOG=rank $SLURM_PROCID of $SLURM_NTASKS"
echo "export IMAGE_VARIABLE=prolog"
echo "unset UNWANTED"
echo "print prolog of $(id -un) on $(. /etc/os-release; echo "$ID"), in $PWD"
[[ -z $FAIL_PROLOG ]] || { echo "prolog: no luck" >&2; exit 3; }
SCRIPT
  chmod 755 "$TASK_PROLOG"
  # Linux 6.18 numbers namespaces per processor, and takes one with a lower number for an older one, which it refuses to bind:
  # job_container/tmpfs would fail now and then ("ns base mount failed") if the node were not on one processor.
  taskset -pc "$(awk '$1 == "Cpus_allowed_list:" { sub(/[-,].*/, "", $2); print $2 }' /proc/self/status)" $BASHPID >/dev/null
  local own_tmp=JobContainerType=job_container/tmpfs
  ! has_slurm_plugin namespace_tmpfs || own_tmp=NamespaceType=namespace/tmpfs # as it is called in Slurm 26.05
  own_cluster_up job-container --slurm-options "$own_tmp PrologFlags=Contain TaskProlog=$TASK_PROLOG"
  ln -s pyxis "$PYXIS_CLUSTER_DIR/prefix/bin/enroot"
}

teardown_file() {
  own_cluster_down
  rm "$TASK_PROLOG"
}

teardown() {
  fault _release
  forget_containers
}

prints() { # DIRECTORY
  echo "prolog of alice on $(. /etc/os-release && echo "$ID"), in $1"
}

@test "a TaskProlog runs on the node, for each task, and what it says counts in the container" {
  run -0 --separate-stderr step --chdir=/usr --export=ALL,UNWANTED=1 -n3 --container-image="$IMAGE" \
    sh -c 'echo "$FROM_PROLOG|$IMAGE_VARIABLE|${UNWANTED-unset}"'
  assert_equal "$(sort <<<"$output")" "$(prints /usr)
$(prints /usr)
$(prints /usr)
rank 0 of 3|prolog|unset
rank 1 of 3|prolog|unset
rank 2 of 3|prolog|unset"
  # Nothing of it need be in the image, not even a shell.
  run -0 --separate-stderr step --export=ALL,EXIT_STATUS=0 --container-image="$REGISTRY/static" report
  assert_line "$(prints "$(getent passwd alice | cut -d: -f6)")"
  assert_line 'IMAGE_VARIABLE: prolog'
  assert_nothing_left
}

@test "it runs for tasks without a container as ever" {
  run -0 --separate-stderr step --chdir=/usr sh -c 'echo "$FROM_PROLOG"'
  assert_output "$(prints /usr)"$'\n''rank 0 of 1'
}

@test "a TaskProlog that fails, fails its task, and is named" {
  run --separate-stderr step --export=ALL,FAIL_PROLOG=1 --container-image="$IMAGE" echo ran
  assert_failure
  assert_output ''
  assert_said_once 'prolog: no luck'
  assert_said_once "error: pyxis: TaskProlog $TASK_PROLOG: exited with status 3"
  assert_nothing_left
}

@test "a container has the job's own /dev/shm, and its /tmp where that is mounted" {
  local other
  run -0 --separate-stderr step sh -c 'echo shm >/dev/shm/of-the-job; echo tmp >/tmp/of-the-job'
  run -0 --separate-stderr step --container-image="$IMAGE" --container-mounts=/tmp \
    sh -c 'cat /dev/shm/of-the-job /tmp/of-the-job; echo inside >/tmp/from-inside; echo inside >/dev/shm/from-inside'
  assert_line shm
  assert_line tmp
  run -0 --separate-stderr step cat /tmp/from-inside /dev/shm/from-inside
  assert_equal "$(grep -c '^inside$' <<<"$output")" 2
  assert [ ! -e /tmp/from-inside ]
  other=$(allocate alice)
  run -0 --separate-stderr as alice srun --jobid="$other" -n1 --container-image="$IMAGE" --container-mounts=/tmp ls -A /tmp /dev/shm
  refute_output --partial of-the-job
  controller scancel "$other"
  # Without a mount /tmp is the image's.
  run -0 --separate-stderr step --container-image="$IMAGE" ls -A /tmp
  refute_output --partial of-the-job
}

@test "a named container is the user's in every job, and is joined by its steps" {
  local theirs namespaces='readlink /proc/self/ns/mnt'
  open_shell first step --container-image="$IMAGE" --container-name=work
  theirs=$(tell first "$namespaces")
  run -0 tell first 'echo kept >/kept'
  run -0 --separate-stderr step --container-name=work:exec sh -c "$namespaces; cat /kept"
  assert_line "$theirs"
  assert_line kept
  close_shell first
  run -0 --separate-stderr as alice srun --container-name=work cat /kept
  assert_line kept
  assert_nothing_left
}

@test "a batch script runs inside, and mounts from the job's own /tmp" {
  cat >"$SUITE/job.sh" <<'SCRIPT'
#!/bin/sh
echo "$FROM_PROLOG"
echo "image: $(ls /bin/vi)"
awk '$5 == "/tmp" { print "tmp: " $4 }' /proc/self/mountinfo
SCRIPT
  run -0 as alice sbatch -W -o "$SUITE/job.out" --container-image="$IMAGE" --container-mounts=/tmp "$SUITE/job.sh"
  run -0 cat "$SUITE/job.out"
  assert_line --regexp '^rank 0 of'
  assert_line 'image: /bin/vi'
  assert_line --regexp "^tmp: .*/node1/jobs/"
  assert_nothing_left
}

@test "the enroot engine stages in the job's own /tmp" {
  plugstack engine=enroot "enroot_path=$PYXIS_CLUSTER_DIR/prefix/bin/enroot" use_squashfuse=1
  open_shell in step --container-image="$IMAGE"
  run -0 tell in 'echo "$IMAGE_VARIABLE|$FROM_PROLOG"'
  assert_output 'prolog|rank 0 of 1'
  run -0 --separate-stderr step sh -c 'ls /tmp/pyxis-enroot-*'
  assert_line image.sqsh
  assert_equal "$(ls -d /tmp/pyxis-enroot-* 2>/dev/null)" ''
  close_shell in
  run -0 --separate-stderr step sh -c 'ls /tmp'
  refute_output --partial pyxis-enroot
  plugstack
  assert_nothing_left
}

@test "a job that is cancelled on the way leaves nothing, and the node stays in service" {
  local job srun
  empty_store
  fault _reset
  job=$(allocate alice -n2)
  as alice srun --jobid="$job" -n1 --container-image="$FAULTD/stall-layers/busybox" true 2>"$BATS_TEST_TMPDIR/srun.err" 3>&- &
  srun=$!
  await_stalled
  controller scancel "$job"
  fault _release
  ends_with_failure "$srun"
  run -0 step --container-image="$IMAGE" true
  assert_nothing_left
  run -0 controller sinfo -h -o %T
  refute_output --regexp 'drain|down|fail'
}
