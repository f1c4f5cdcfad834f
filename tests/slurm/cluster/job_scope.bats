# container_scope=job: named containers belong to their job, and its epilog removes them; and execute_entrypoint=1. On a
# cluster of its own, of one node, beside that of the suite.

load helpers

setup_file() {
  export IMAGE=$REGISTRY/busybox PYXIS_CLUSTER_DIR=$PYXIS_CLUSTER_DIR-job-scope
  "$repo/scripts/cluster" up --nodes 1 --plugstack-options 'store=user container_scope=job execute_entrypoint=1' 3>&-
}

teardown_file() {
  "$repo/scripts/cluster" down 3>&-
}

of_job() { # JOB COMMAND...
  as alice srun --jobid="$1" --overlap -N1 -n1 "${@:2}"
}

@test "a job's containers are its own, and go with it; another job's stay" {
  local first second
  first=$(allocate alice)
  second=$(allocate alice)
  run -0 of_job "$first" --container-image="$IMAGE" --container-name=work touch "/of-$first"
  run -0 of_job "$first" --container-image="$IMAGE" --container-name=other true
  run -0 of_job "$second" --container-image="$IMAGE" --container-name=work touch "/of-$second"
  assert_equal "$(containers | sort)" "$(printf '%s\n' "pyxis_${first}_other" "pyxis_${first}_work" "pyxis_${second}_work" | sort)"
  run -0 --separate-stderr of_job "$first" --container-name=work sh -c 'ls -d /of-*'
  assert_output "/of-$first"
  # A container that is gone already does not trouble the epilog.
  rm -rf "$(store)/containers/node1/pyxis_${first}_other"
  ends_container "pyxis_${first}_work" controller scancel "$first"
  run -0 --separate-stderr of_job "$second" --container-name=work sh -c 'ls -d /of-*'
  assert_output "/of-$second"
  assert_equal "$(containers)" "pyxis_${second}_work"
  ends_container "pyxis_${second}_work" controller scancel "$second"
  assert_equal "$(containers)" ''
}

@test "the epilog finds them where the job's environment has moved the store, too" {
  local job elsewhere=$PYXIS_CLUSTER_DIR/elsewhere
  install -d -o alice "$elsewhere"
  store() { echo "$elsewhere/pyxis"; }
  job=$(allocate alice)
  run -0 as alice env XDG_DATA_HOME="$elsewhere" srun --jobid="$job" --overlap -N1 -n1 --container-image="$IMAGE" --container-name=work true
  assert_equal "$(containers)" "pyxis_${job}_work"
  ends_container "pyxis_${job}_work" controller scancel "$job"
  assert_equal "$(containers)" ''
}

@test "unnamed containers carry the job's number too, and can be joined by the step's" {
  local number job
  job=$(allocate alice)
  open_shell first of_job "$job" --container-image="$IMAGE"
  number=$(tell first 'echo $SLURM_JOB_ID.$SLURM_STEP_ID')
  assert_equal "$(containers)" "pyxis_${job}_$number"
  run -0 --separate-stderr of_job "$job" --container-name="$number:exec" readlink /proc/self/ns/mnt
  assert_output "$(tell first 'readlink /proc/self/ns/mnt')"
  close_shell first
  assert_equal "$(containers)" ''
  controller scancel "$job"
}

@test "a job cancelled while its named container runs leaves nothing, and the node stays in service" {
  local job
  job=$(allocate alice)
  open_shell first of_job "$job" --container-image="$IMAGE" --container-name=work
  ends_container "pyxis_${job}_work" controller scancel "$job"
  ends_with_failure "${shell_pid[first]}"
  assert_equal "$(containers)" ''
  run -0 of_job "$(allocate alice)" --container-image="$IMAGE" true
  run -0 controller sinfo -h -o %T
  refute_output --regexp 'drain|down|fail'
}

# As where plugstack.conf includes a directory twice. (Here because it would disturb the suite's cluster.)
@test "a plugin that plugstack.conf names twice is one all the same" {
  local job
  job=$(allocate alice)
  cp "$PYXIS_CLUSTER_DIR/plugstack.conf" "$BATS_TEST_TMPDIR/once"
  grep spank_pyxis "$BATS_TEST_TMPDIR/once" >>"$PYXIS_CLUSTER_DIR/plugstack.conf"
  run -0 as alice srun --jobid="$job" -n1 echo uncontained
  assert_output uncontained
  run -0 --separate-stderr as alice srun --jobid="$job" --overcommit -n3 --container-image="$IMAGE" sh -c 'readlink /proc/self/ns/mnt'
  assert_equal "${#lines[@]}" 3
  assert_equal "$(sort -u <<<"$output" | wc -l)" 1
  cp "$BATS_TEST_TMPDIR/once" "$PYXIS_CLUSTER_DIR/plugstack.conf"
  assert_equal "$(containers)" ''
  controller scancel "$job"
}

@test "execute_entrypoint=1: entry points run unless an option says otherwise" {
  local job
  job=$(allocate alice)
  run -0 --separate-stderr of_job "$job" --container-image="$REGISTRY/entrypoints:changes" sh -c 'echo "${SET-none}"'
  assert_output 'two words'
  run -0 --separate-stderr of_job "$job" --no-container-entrypoint --container-image="$REGISTRY/entrypoints:changes" sh -c 'echo "${SET-none}"'
  assert_output none
  controller scancel "$job"
}
