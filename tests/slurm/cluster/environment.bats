# Which value a variable has inside.

load helpers

setup_file() {
  export IMAGE=$REGISTRY/busybox
}

# A shell in a container, with these variables in the job.
inside() { # [NAME=VALUE...] [OPTION...]
  local settings=()
  while [[ ${1:-} == [A-Za-z_]*=* ]]; do settings+=("$1") && shift; done
  open_shell in as alice env "${settings[@]}" srun --jobid="$ALICE_JOB" --overlap -N1 -n1 -w node1 "$@"
}

@test "HOME is the container's passwd entry's, or the mounted home; TERM passes" {
  local home
  home=$(getent passwd alice | cut -d: -f6)
  inside HOME=/of/the/job TERM=vt100 --container-image="$IMAGE"
  run tell in 'echo "$TERM"; [ "$HOME" = "$(awk -F: -v id="$(id -u)" '"'\$3 == id { print \$6; exit }'"' /etc/passwd)" ] && echo agrees'
  assert_output $'vt100\nagrees'
  close_shell in
  # busybox:env has a HOME of its own in Env, which is not the user's.
  inside --container-image="$IMAGE:env" --container-remap-root
  run tell in 'echo "$HOME"'
  assert_output /root
  close_shell in
  echo 'at home' >"$home/greeting"
  chown alice: "$home/greeting"
  inside --container-image="$IMAGE" --container-mount-home
  run tell in 'echo "$HOME"; cat "$HOME/greeting"; touch "$HOME/by-the-task"'
  assert_output "$home"$'\nat home'
  close_shell in
  assert_equal "$(stat -c %U "$home/by-the-task")" alice
  rm "$home/greeting" "$home/by-the-task"
  inside --container-image="$IMAGE" --no-container-mount-home
  run tell in "ls $home/greeting || echo 'not at home'"
  assert_line 'not at home'
  close_shell in
}

@test "tasks have their own numbers from Slurm and PMI, and those of the step" {
  run -0 --separate-stderr step -N2 -n4 -w node1,node2 --ntasks-per-node=2 --mpi=pmi2 --container-image="$IMAGE" \
    sh -c 'echo "task $SLURM_PROCID $SLURM_LOCALID $SLURM_NODEID $SLURMD_NODENAME $SLURM_NTASKS $PMI_RANK $PMI_SIZE"; [ -e "/proc/self/fd/$PMI_FD" ] || echo no PMI_FD'
  assert_equal "$(sort <<<"$output")" 'task 0 0 0 node1 4 0 4
task 1 1 0 node1 4 1 4
task 2 0 1 node2 4 2 4
task 3 1 1 node2 4 3 4'
}
