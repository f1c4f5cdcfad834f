# --environment: what a file says appears in the container, after what the command line says; it is read once, where the job
# is submitted.

load helpers

setup_file() {
  export IMAGE=$REGISTRY/busybox EDF=$SUITE/edf
  as alice mkdir "$EDF"
}
teardown() {
  rm -f "$EDF"/*
}

file() { # NAME < TEXT: alice's
  # shellcheck disable=SC2016
  as alice sh -c 'cat >"$1/$2.toml"' - "$EDF" "$1"
}

# A step of one task on node1, with these variables in srun.
with() { # [NAME=VALUE...] [OPTION...] COMMAND...
  local settings=(EDF_PATH="/nowhere:$EDF")
  while [[ $1 == [A-Za-z_]*=* ]]; do settings+=("$1") && shift; done
  as alice env "${settings[@]}" srun --jobid="$ALICE_JOB" --overlap -N1 -n1 -w node1 "$@"
}

# The command is refused before a job of it is made.
refuses() { # MESSAGE COMMAND...
  local before message=$1
  before=$(next_job)
  run --separate-stderr as alice env EDF_PATH="$EDF" "${@:2}"
  assert_failure
  assert_said_once "$message"
  refute_output --partial ran
  assert_equal "$(next_job)" "$before"
}

# shellcheck disable=SC2016
show='echo "$PWD $IMAGE_VARIABLE ${A-unset} ${B-unset}"'

@test "image, mounts, working directory and variables of a file" {
  as alice sh -c 'echo "of the node" >"$0/data.txt"' "$EDF"
  file work <<END
image = "$IMAGE"
mounts = ["\${DATA}:/data:ro", "tmpfs:/scratch:size=64k"]
workdir = "/data"
[env]
A = "of \${USER}, 5\$\$"
B = """two
lines; and \\\\ more"""
IMAGE_VARIABLE = "of the file"
END
  run -0 --separate-stderr with DATA="$EDF" A=job --environment=work \
    sh -c "$show"'; cat data.txt; touch /data/x 2>/dev/null || echo "read-only"; stat -f -c %b /scratch; env | grep ^SLURM_PYXIS || true'
  assert_output $'/data of the file of alice, 5$ two\nlines; and \\ more\nof the node\nread-only\n16'
}

@test "an empty value unsets a variable of the image and of the job" {
  file work <<END
image = "$IMAGE"
[env]
IMAGE_VARIABLE = ""
A = ""
B = "\${B:-}"
SLURM_PROCID = ""
SLURM_JOB_ID = "7"
END
  run -0 --separate-stderr with A=job --environment=work sh -c 'echo "${IMAGE_VARIABLE-unset} ${A-unset} ${B-unset} $SLURM_PROCID $SLURM_JOB_ID"'
  assert_output "unset unset unset 0 $ALICE_JOB"
}

@test "entry points have a file's variables, too, and the file says whether they run" {
  # shellcheck disable=SC2016
  printf '#!/bin/sh\necho "entry: $A ${STAYS-unset}"\nexport RAN=yes\nexec "$@"\n' | as alice tee "$EDF/entry" >/dev/null
  as alice chmod 755 "$EDF/entry"
  file work <<END
image = "$REGISTRY/entrypoints:changes"
mounts = ["$EDF/entry:/entry"]
entrypoint = true
[env]
A = "of the file"
STAYS = ""
END
  run -0 --separate-stderr with A=job --environment=work --container-entrypoint-log sh -c 'echo "$A ${STAYS-unset} ${RAN-no}"'
  assert_said_once 'pyxis: entry: of the file unset'
  assert_output 'of the file unset yes'
  run -0 --separate-stderr with A=job --environment=work --no-container-entrypoint sh -c 'echo "$A ${STAYS-unset} ${RAN-no}"'
  assert_output 'of the file unset no'
}

@test "writable = false makes the root read-only, unless the command line says otherwise" {
  file work <<<"image = \"$IMAGE\""$'\nwritable = false'
  run -0 --separate-stderr with --environment=work sh -c 'touch /x 2>/dev/null || echo read-only'
  assert_output read-only
  run -0 --separate-stderr with --environment=work --container-writable sh -c 'touch /x && echo writable'
  assert_output writable
}

@test "the command line wins over the file, and the file over PYXIS_ variables" {
  file work <<END
image = "$IMAGE"
workdir = "/etc"
mounts = ["$EDF:/of-file"]
[env]
A = "of the file"
END
  run -0 --separate-stderr with PYXIS_CONTAINER_IMAGE=no/such/image PYXIS_CONTAINER_WORKDIR=/proc --environment=work sh -c "$show"
  assert_output '/etc from the image of the file unset'
  run -0 --separate-stderr with A=job --environment=work --container-image="$IMAGE:env" --container-workdir=/tmp --container-env=A \
    --container-mounts="$EDF:/of-line" sh -c "$show"'; ls -d /of-*'
  assert_line --regexp '^/tmp .* job unset$'
  assert_line /of-line
  refute_line /of-file
}

@test "PYXIS_ENVIRONMENT names a file, and a path is one" {
  file work <<<"image = \"$IMAGE\""
  run -0 --separate-stderr with PYXIS_ENVIRONMENT=work sh -c "$show"
  assert_output '/ from the image unset unset'
  run -0 --separate-stderr with --environment="$EDF/work.toml" sh -c "$show"
  assert_output '/ from the image unset unset'
  # shellcheck disable=SC2016
  run -0 --separate-stderr as alice sh -c 'cd "$1" && exec srun -n1 --environment=work.toml sh -c "echo \$IMAGE_VARIABLE"' - "$EDF"
  assert_output 'from the image'
}

@test "base environments: lists grow, tables are merged, the later wins" {
  file common <<END
image = "no/such/image"
mounts = ["$EDF:/one"]
[env]
A = "common"
B = "common"
END
  file middle <<<$'base_environment = "common"\n[env]\nB = "middle"'
  file work <<END
base_environment = ["middle"]
image = "$IMAGE"
mounts = ["$EDF:/two"]
END
  run -0 --separate-stderr with --environment=work sh -c "$show; ls -d /one /two"
  assert_output $'/ from the image common middle\n/one\n/two'
}

@test "all nodes have what srun has read; none reads the file" {
  file work <<<"image = \"$IMAGE\""$'\n[env]\nA = "read by srun"'
  # Nothing of the directory is to be seen on the nodes.
  for node in node1 node2; do on "$node" mount -t tmpfs none "$EDF"; done
  run --separate-stderr as alice env EDF_PATH="$EDF" srun --jobid="$ALICE_JOB" --overlap -N2 -n2 --environment=work \
    sh -c 'echo "$SLURMD_NODENAME $A $IMAGE_VARIABLE"'
  for node in node1 node2; do on "$node" umount "$EDF"; done
  assert_success
  assert_equal "$(sort <<<"$output")" $'node1 read by srun from the image\nnode2 read by srun from the image'
}

@test "sbatch: the script runs in what the file says, as it was when it was submitted" {
  file work <<<"image = \"$IMAGE\""$'\n[env]\nA = "of the file"\nIMAGE_VARIABLE = ""'
  printf '#!/bin/sh\necho "batch: $A ${IMAGE_VARIABLE-unset}"\n' | as alice tee "$EDF/job.sh" >/dev/null
  local job
  job=$(as alice env EDF_PATH="$EDF" sbatch --parsable --hold -n1 -o "$EDF/out" --environment=work "$EDF/job.sh")
  rm "$EDF/work.toml"
  as alice scontrol release "$job"
  as alice srun -n1 --dependency=afterany:"$job" true
  run cat "$EDF/out"
  assert_line 'batch: of the file unset'
}

@test "a step of a batch script on the node has a file of its own" {
  file work <<<"image = \"$IMAGE\""$'\n[env]\nA = "of the file"'
  # shellcheck disable=SC2016
  printf '#!/bin/sh\necho "batch: ${A-none}"\nsrun --environment=work sh -c '"'"'echo "step: $A $IMAGE_VARIABLE"'"'"'\n' | as alice tee "$EDF/job.sh" >/dev/null
  as alice env EDF_PATH="$EDF" sbatch --wait -n1 -o "$EDF/out" "$EDF/job.sh"
  run cat "$EDF/out"
  assert_line 'batch: none'
  assert_line 'step: of the file from the image'
}

@test "salloc reads the file, and each srun in it has that, unless it names another" {
  file work <<<"image = \"$IMAGE\""$'\n[env]\nA = "of salloc"\nB = "kept"'
  file other <<<"image = \"$IMAGE\""$'\n[env]\nA = "of srun"'
  # shellcheck disable=SC2016
  run -0 --separate-stderr as alice env EDF_PATH="$EDF" salloc -n1 --environment=work sh -c '
    echo "outside: ${A-none}"; rm "$1/work.toml"; cd /
    srun sh -c "echo \"\$A \$B \$IMAGE_VARIABLE\""; srun --container-workdir=/etc sh -c "echo \"\$A \$PWD\""
    srun --environment=other sh -c "echo \"\$A \${B-unset}\""' - "$EDF"
  assert_output $'outside: none\nof salloc kept from the image\nof salloc /etc\nof srun unset'
}

@test "what is wrong with a file is told before anything is submitted, each with its place" {
  file bad <<<$'imag = "x"\nmounts = ["${NO_SUCH_VARIABLE}:/x"]'
  refuses "error: pyxis: $EDF/bad.toml:1:1: imag: there is no such key; did you mean 'image'?" srun -n1 --environment=bad echo ran
  assert_said_once "pyxis: $EDF/bad.toml:2:11: mounts[0]: variable NO_SUCH_VARIABLE is not set"
  refuses "pyxis: $EDF/bad.toml:1:1: imag" sbatch --environment=bad --wrap 'echo ran'
  refuses "pyxis: $EDF/bad.toml:1:1: imag" salloc -n1 --environment=bad echo ran
  refuses "pyxis: --environment=none: no none.toml in $EDF" srun -n1 --environment=none echo ran
  file image <<<'writable = true'
  refuses "pyxis: $EDF/image.toml names no image; write image" srun -n1 --environment=image echo ran
  refuses 'pyxis: --environment: argument required' srun -n1 --environment= echo ran
  file large <<<"image = \"$IMAGE\""$'\n[env]\nA = "'"$(head -c 65536 /dev/zero | tr '\0' x)"'"'
  refuses "$EDF/large.toml: with its bases it is longer than 65536 bytes" srun -n1 --environment=large echo ran
}

@test "the largest file arrives" {
  file large <<<"image = \"$IMAGE\""$'\n[env]\nA = "'"$(head -c 65000 /dev/zero | tr '\0' x)"'"'
  run -0 --separate-stderr with --environment=large sh -c 'echo ${#A}'
  assert_output 65000
  as alice env EDF_PATH="$EDF" sbatch --wait -n1 -o "$EDF/out" --environment=large --wrap 'echo ${#A}'
  run cat "$EDF/out"
  assert_line 65000
  run -0 --separate-stderr as alice env EDF_PATH="$EDF" salloc -n1 --environment=large srun sh -c 'echo ${#A}'
  assert_output 65000
}

@test "a host without the engine says what it lacks" {
  file work <<<"image = \"$IMAGE\""
  local conf=$PYXIS_CLUSTER_DIR/plugstack.conf
  cp "$conf" "$conf.before"
  sed -i 's#pyxis_path=[^ ]*#pyxis_path=/no/such/pyxis#' "$conf"
  run --separate-stderr with --environment=work echo ran
  mv "$conf.before" "$conf"
  assert_failure
  assert_said_once 'pyxis: --environment=work: the engine reads such files, and it cannot be run here: execute /no/such/pyxis: No such file or directory'
  assert_said 'pyxis_path in plugstack.conf'
}

@test "what PMIx sets for each task stays, and how its parts are chosen is the file's to say" {
  need_pmix
  file work <<<"image = \"$REGISTRY/mpi\""$'\n[env]\nPMIX_MCA_gds = "hash"\nPMIX_RANK = "9"\nPMIX_NAMESPACE = ""'
  run -0 --separate-stderr as alice env EDF_PATH="$EDF" PMIX_MCA_gds=job srun --jobid="$ALICE_JOB" --overlap -N2 -n2 --mpi=pmix --environment=work \
    sh -c 'echo "$SLURM_PROCID $PMIX_RANK $PMIX_MCA_gds ${PMIX_NAMESPACE:+named}"'
  assert_equal "$(sort <<<"$output")" $'0 0 hash named\n1 1 hash named'
  run -0 --separate-stderr as alice env EDF_PATH="$EDF" srun --jobid="$ALICE_JOB" --overlap -N2 -n2 --mpi=pmix --environment=work ring
  assert_line 'rank 1 of 2 on node2'
}

@test "a variable of a file is what a container that runs shows its new steps" {
  file work <<<"image = \"$IMAGE\""$'\n[env]\nA = "of the file"\nB = ""'
  open_shell first as alice env B=first srun --jobid="$ALICE_JOB" --overlap -N1 -n1 -w node1 --container-image="$IMAGE" --container-name=edf
  run -0 --separate-stderr with B=second --environment=work --container-name=edf sh -c "$show"
  assert_output '/ from the image of the file unset'
  close_shell first
  forget_containers
}
