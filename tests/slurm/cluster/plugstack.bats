# The keys of plugstack.conf, and what is refused there. On a cluster of its own, beside that of the suite. (container_scope:
# job_scope.bats; engine and its own keys: enroot.bats; importer: importer.bats.)

load helpers

setup_file() {
  own_cluster_up plugstack
  export IMAGE=$REGISTRY/busybox
}

teardown_file() {
  own_cluster_down
}

teardown() {
  plugstack
}

slurmd_says() { # since `mark`
  tail -n "+$((marked + 1))" "$PYXIS_CLUSTER_DIR/node1/slurmd.log"
}

mark() {
  marked=$(wc -l <"$PYXIS_CLUSTER_DIR/node1/slurmd.log")
}

@test "an unknown key or a bad value is an error that names it, for srun and for slurmd" {
  local bad marked
  for bad in 'containers=yes|unknown key "containers"' 'sbatch_support=maybe|sbatch_support: invalid value "maybe"' \
    'container_scope=node|container_scope: invalid value "node"' 'engine=podman|engine: invalid value "podman"' \
    'runtime_path=run|runtime_path: invalid value "run"' 'use_enroot_load|"use_enroot_load" is not of the form key=value'; do
    plugstack "${bad%%|*}"
    run --separate-stderr step true
    assert_failure
    assert_said "pyxis: plugstack.conf: ${bad#*|}"
  done
  plugstack containers=yes
  mark
  run ! env SLURM_CONF="$PYXIS_CLUSTER_DIR/slurm.conf" "$repo/scripts/cluster" run --node node1 -- slurmd -D -N node1
  run slurmd_says
  assert_output --partial 'pyxis: plugstack.conf: unknown key "containers"'
}

@test "a plugin that was built for another release is refused, and a line says which is which" {
  local own=$PYXIS_CLUSTER_DIR/other here said
  mkdir "$own"
  cp "$PYXIS_CLUSTER_DIR/prefix/lib/slurm/spank_pyxis.so" "$own"
  "$repo/tests/support/as_of_slurm_23_02" "$own/spank_pyxis.so"
  echo "required $own/spank_pyxis.so" >"$own/plugstack.conf"
  sed "s|^PlugStackConfig=.*|PlugStackConfig=$own/plugstack.conf|" "$PYXIS_CLUSTER_DIR/slurm.conf" >"$own/slurm.conf"
  chmod -R a+rX "$own"
  here=$(slurmd -V | sed -nE 's/.* ([0-9]+\.[0-9]+)\..*/\1/p')
  said="pyxis: $own/spank_pyxis.so was built for Slurm 23.02, and this is Slurm $here, which refuses it"
  run ! as alice env SLURM_CONF="$own/slurm.conf" srun true
  assert_output --partial "$said"
  run ! on node1 env SLURM_CONF="$own/slurm.conf" timeout 60 slurmd -D -N node1
  assert_output --partial "$said"
}

@test "runtime_path: slurmd makes its last component, root a directory of the user's below" {
  local uid
  uid=$(id -u alice)
  plugstack runtime_path=/run/elsewhere
  run -0 on node1 ls -d /run/pyxis
  "$repo/scripts/cluster" restart node1
  run -0 on node1 stat -c '%U %a' /run/elsewhere
  assert_output 'root 755'
  open_shell in step --container-image="$IMAGE"
  run -0 on node1 bash -c 'stat -c "%U %a" "/run/elsewhere/$0"; find "/run/elsewhere/$0/running" -name "*.sock" | wc -l' "$uid"
  assert_output $'alice 700\n1'
  close_shell in
  run -0 on node1 find "/run/elsewhere/$uid" -name '*.sock'
  assert_output ''
}

@test "runtime_path: a parent that is not there is an error that names it" {
  local marked
  plugstack runtime_path=/run/no/such
  mark
  run ! env SLURM_CONF="$PYXIS_CLUSTER_DIR/slurm.conf" "$repo/scripts/cluster" run --node node1 -- slurmd -D -N node1
  run slurmd_says
  assert_output --partial 'create runtime_path /run/no/such: No such file or directory'
  run --separate-stderr step --container-image="$IMAGE" echo ran
  assert_failure
  assert_output ''
  assert_said_once 'create runtime_path /run/no/such: No such file or directory'
  run -0 controller sinfo -h -o %T
  refute_output --regexp 'drain|down|fail'
}

@test "sbatch_support=0: sbatch and salloc have no options, and batch scripts are not contained" {
  plugstack sbatch_support=0
  local command
  for command in sbatch salloc; do
    run -0 as alice "$command" --help
    refute_output --partial '[pyxis]'
    run as alice "$command" --container-image="$IMAGE" true
    assert_failure
    assert_output --partial "unrecognized option '--container-image"
  done
  run -0 as alice srun --help
  assert_output --partial '--container-image='
  cat >"$SUITE/job.sh" <<SCRIPT
#!/bin/bash
echo "script: \${IMAGE_VARIABLE-node}"
srun sh -c 'echo "default: \${IMAGE_VARIABLE-node}"'
PYXIS_CONTAINER_IMAGE= srun sh -c 'echo "none: \${IMAGE_VARIABLE-node}"'
srun --container-image=$IMAGE sh -c 'echo "option: \${IMAGE_VARIABLE-node}"'
SCRIPT
  run -0 as alice env PYXIS_CONTAINER_IMAGE="$IMAGE" sbatch -W -o "$SUITE/job.out" "$SUITE/job.sh"
  run -0 cat "$SUITE/job.out"
  assert_line 'script: node'
  assert_line 'default: from the image'
  assert_line 'none: node'
  assert_line 'option: from the image'
  assert_nothing_left
}

@test "sbatch_support=1 is the default" {
  run -0 as alice sbatch --help
  assert_output --partial '--container-image='
  run -0 as alice env PYXIS_CONTAINER_IMAGE="$IMAGE" sbatch -W -o "$SUITE/job.out" --wrap 'echo "script: $IMAGE_VARIABLE"'
  run -0 cat "$SUITE/job.out"
  assert_line 'script: from the image'
}
