# What can be given, and what is refused before anything is submitted.

load helpers

setup_file() {
  export IMAGE=$REGISTRY/busybox
}

# A call of srun that the plugin refuses: one line, no job.
refuses() { # MESSAGE COMMAND...
  local before message=$1
  before=$(next_job)
  run --separate-stderr as alice "${@:2}"
  assert_failure
  assert_said_once "error: pyxis: $message"
  assert_equal "$(grep -c pyxis: <<<"$stderr")" 1
  assert_output ""
  assert_equal "$(next_job)" "$before"
}

@test "an option may be given twice with one value, and not with two" {
  run -0 --separate-stderr step --container-image="$IMAGE" --container-image="$IMAGE" \
    --container-writable --container-writable sh -c 'echo "$IMAGE_VARIABLE"'
  assert_output 'from the image'
  refuses '--container-image specified multiple times' srun --container-image=a --container-image=b true
  refuses '--container-workdir specified multiple times' srun --container-image=a --container-workdir=/a --container-workdir=/b true
}

@test "srun, sbatch and salloc refuse before anything is submitted" {
  refuses '--container-name: "a/b" must not contain' srun --container-name=a/b true
  refuses '--container-name: "a/b" must not contain' sbatch --container-name=a/b --wrap=true
  refuses 'both --container-remap-root and --no-container-remap-root were specified' \
    salloc --container-image=a --container-remap-root --no-container-remap-root true
}

step_with() { # NAME=VALUE... -- [OPTION...] COMMAND...
  local settings=()
  while [[ $1 != -- ]]; do settings+=("$1") && shift; done
  as alice env "${settings[@]}" srun --jobid="$ALICE_JOB" --overlap -N1 -n1 -w node1 "${@:2}"
}

@test "a name and its flag have a default in the environment" {
  run -0 --separate-stderr step_with PYXIS_CONTAINER_IMAGE="$IMAGE" PYXIS_CONTAINER_NAME=by-default:create -- true
  assert_equal "$(containers)" pyxis_by-default
  run --separate-stderr step_with PYXIS_CONTAINER_NAME=by-default:create -- true
  assert_failure
  assert_said 'exists already'
  forget_containers
}
