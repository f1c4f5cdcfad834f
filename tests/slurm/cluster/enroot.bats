# engine=enroot: an external enroot does the work, through its command line. Here that is our own program under the name
# enroot; on a cluster of its own, beside that of the suite.

load helpers

setup_file() {
  own_cluster_up enroot
  export IMAGE=$REGISTRY/busybox ENROOT=$PYXIS_CLUSTER_DIR/prefix/bin/enroot
  ln -s pyxis "$ENROOT"
}

teardown_file() {
  own_cluster_down
}

setup() {
  enroot_engine use_enroot_load=1
}

teardown() {
  fault _release
  forget_containers
}

enroot_engine() { # [KEY=VALUE...]
  plugstack engine=enroot "enroot_path=$ENROOT" "$@"
}

namespaces='readlink /proc/self/ns/mnt; readlink /proc/self/ns/user'

# --- what a task sees -----------------------------------------------------------------------------------

@test "tasks are in one container of the image, with its environment and working directory" {
  run -0 --separate-stderr step --export=ALL,IMAGE_VARIABLE=job,OTHER=job -n4 --container-image="$IMAGE" sh -c \
    'echo "$(readlink /proc/self/ns/mnt) $(grep Seccomp: /proc/self/status) $IMAGE_VARIABLE $OTHER $PWD $(id -u) ${LANG-no} ${ENROOT_LOGIN_SHELL-no}"'
  assert_equal "${#lines[@]}" 4
  assert_equal "$(sort -u <<<"$output" | wc -l)" 1
  assert_output --partial $'Seccomp:\t2'" from the image job / $(id -u alice) no no"
  run -0 --separate-stderr step --container-image="$IMAGE:workdir" pwd
  assert_output /made/for/work
  assert_nothing_left
}

@test "an environment definition file: all but devices" {
  as alice sh -c 'cat >"$0"' "$SUITE/work.toml" <<END
image = "$IMAGE:entrypoint"
mounts = ["$SUITE:/suite:ro"]
workdir = "/suite"
entrypoint = true
writable = false
[env]
A = "of the file"
IMAGE_VARIABLE = ""
END
  run -0 --separate-stderr step --environment="$SUITE/work.toml" sh -c 'echo "$PWD $A ${IMAGE_VARIABLE-unset}"; touch /x 2>/dev/null || echo read-only'
  assert_line '/suite of the file unset'
  assert_line read-only
  as alice sh -c 'echo "devices = [\"vendor.com/gpu=0\"]" | cat - "$0" >"$0.new.toml"' "$SUITE/work.toml"
  run --separate-stderr step --environment="$SUITE/work.toml.new.toml" true
  assert_failure
  assert_said "$SUITE/work.toml.new.toml: devices: this cluster's containers are made by enroot, which knows no devices by CDI"
}

@test "the import is announced to a single task" {
  run -0 --separate-stderr step --container-image="$IMAGE" true
  assert_said_once "pyxis: importing docker image: $IMAGE"
  assert_said_once "pyxis: imported docker image: $IMAGE"
}

@test "a user's choices reach enroot" {
  install -d -o alice "$SUITE/with blank:and colon"
  echo 'of the node' >"$SUITE/with blank:and colon/file"
  run -0 --separate-stderr step --chdir="$SUITE/with blank:and colon" --container-image="$IMAGE" --container-remap-root --container-writable \
    --container-unshare=net,ipc --container-mounts=.:/mounted:ro,tmpfs:/scratch:size=64k,umount:/sys --container-workdir=/etc \
    sh -c 'id -u; pwd; cat /mounted/file; touch /mounted/x 2>&1; touch /new && echo writable; ls /sys; grep -c : /proc/net/dev; stat -f -c %b /scratch'
  assert_output "0
/etc
of the node
touch: /mounted/x: Read-only file system
writable
1
16"
  run ! step --container-image="$IMAGE" --container-readonly touch /new
  assert_nothing_left
}

@test "the job's value wins in the container where --container-env names it" {
  run -0 --separate-stderr as alice env IMAGE_VARIABLE=job LANG=de_DE.UTF-8 srun --jobid="$ALICE_JOB" --overlap -n1 \
    --container-image="$IMAGE" --container-env=IMAGE_VARIABLE,LANG sh -c 'echo "$IMAGE_VARIABLE $LANG"'
  assert_output 'job de_DE.UTF-8'
}

@test "a batch script runs inside, from its spooled copy" {
  cat >"$SUITE/job.sh" <<'SCRIPT'
#!/bin/sh
echo "$IMAGE_VARIABLE"
SCRIPT
  run -0 as alice sbatch -W -o "$SUITE/job.out" --container-image="$IMAGE" "$SUITE/job.sh"
  run -0 cat "$SUITE/job.out"
  assert_line 'from the image'
  assert_nothing_left
}

@test "the entry point runs before the tasks, with what --container-env names, and its log is shown" {
  local entrypoint=(--container-image="$IMAGE:entrypoint" --container-entrypoint)
  run -0 --separate-stderr step "${entrypoint[@]}" sh -c 'echo "FROM_ENTRYPOINT=$FROM_ENTRYPOINT"'
  assert_output FROM_ENTRYPOINT=yes
  refute_said 'entrypoint:'
  run -0 --separate-stderr step -n2 "${entrypoint[@]}" --container-entrypoint-log sh -c 'echo "FROM_ENTRYPOINT=$FROM_ENTRYPOINT"'
  assert_output $'FROM_ENTRYPOINT=yes\nFROM_ENTRYPOINT=yes'
  assert_equal "$(grep -c 'entrypoint:' <<<"$stderr")" 1
  assert_nothing_left
}

@test "--container-save writes what the step has changed" {
  run -0 step --container-image="$IMAGE" --container-writable --container-save="$SUITE/saved.sqsh" sh -c 'echo new >/new'
  run -0 unsquashfs -cat "$SUITE/saved.sqsh" new
  assert_output new
  run -0 --separate-stderr step --container-image="$SUITE/saved.sqsh" sh -c 'cat /new; echo "$IMAGE_VARIABLE"'
  assert_output $'new\nfrom the image'
  run step --container-image="$IMAGE" --container-save=/no/such/directory/saved.sqsh true
  assert_failure
  assert_output --partial 'pyxis: failed to save container'
  assert_nothing_left
}

# --- how the container is made --------------------------------------------------------------------------

@test "by default the image is imported into a file and a container made of it" {
  enroot_engine
  run -0 --separate-stderr step --container-image="$IMAGE" sh -c 'echo "$IMAGE_VARIABLE"'
  assert_output 'from the image'
  assert_said_once "pyxis: imported docker image: $IMAGE"
  assert_nothing_left
  assert_equal "$(ls -d /tmp/pyxis-enroot-* 2>/dev/null)" ''
}

@test "use_squashfuse: a temporary container starts from the file, which is there as long as the step is" {
  enroot_engine use_squashfuse=1
  open_shell in step --container-image="$IMAGE"
  run -0 tell in 'echo "$IMAGE_VARIABLE"; touch /new 2>/dev/null; ls /bin/sh'
  assert_line 'from the image'
  run -0 bash -c 'ls /tmp/pyxis-enroot-*'
  assert_output image.sqsh
  close_shell in
  assert_nothing_left
  assert_equal "$(ls -d /tmp/pyxis-enroot-* 2>/dev/null)" ''
}

@test "an image file is started as it is" {
  as alice env ENROOT_DATA_PATH="$SUITE/store" pyxis import -o "$SUITE/image.sqsh" "docker://$IMAGE"
  enroot_engine use_squashfuse=1
  run -0 --separate-stderr step --chdir="$SUITE" --container-image=./image.sqsh sh -c 'echo "$IMAGE_VARIABLE"'
  assert_output 'from the image'
  refute_said 'docker image'
  assert [ -e "$SUITE/image.sqsh" ]
  run --separate-stderr step --container-image="$SUITE/no-such.sqsh" true
  assert_failure
  assert_said "$SUITE/no-such.sqsh: No such file or directory"
  assert_nothing_left
}

# --- names ----------------------------------------------------------------------------------------------

@test "a named container keeps what was changed, and needs no image the next time" {
  run -0 step --container-image="$IMAGE" --container-name=work --container-writable sh -c 'echo kept >/kept'
  assert_equal "$(containers)" pyxis_work
  run -0 --separate-stderr step --container-image="$REGISTRY/no/such" --container-name=work cat /kept
  assert_output kept
  refute_said importing
  run --separate-stderr step --container-image="$IMAGE" --container-name=work:create true
  assert_failure
  assert_said_once 'pyxis: container pyxis_work exists already'
  run --separate-stderr step --container-name=work:exec true
  assert_failure
  assert_said_once 'pyxis: container pyxis_work is not running on this node'
  run --separate-stderr step --container-name=other true
  assert_failure
  assert_said_once 'pyxis: no container named pyxis_other on this node'
  assert_nothing_left
}

@test "a container goes on for the steps that joined it when the first one ends" {
  local theirs
  open_shell first step --container-image="$IMAGE" --container-name=both
  open_shell second step --container-name=both --container-mounts="$SUITE:/mounted"
  theirs=$(tell first "$namespaces")
  close_shell first
  run -0 tell second "$namespaces; ls -d /mounted 2>/dev/null; pwd; echo \$IMAGE_VARIABLE"
  assert_output "$theirs"$'\n/\nfrom the image'
  run -0 --separate-stderr step --container-name=both:exec --container-workdir=/etc sh -c "$namespaces; pwd"
  assert_output "$theirs"$'\n/etc'
  close_shell second
  assert_nothing_left
  assert_equal "$(containers)" pyxis_both
}

@test "a batch script comes into a container that is joined" {
  local theirs
  open_shell first step --container-image="$IMAGE" --container-name=both
  theirs=$(tell first "$namespaces")
  printf '#!/bin/sh\n%s\n' "$namespaces" >"$SUITE/joins.sh"
  run -0 as alice sbatch -W -w node1 -o "$SUITE/joins.out" --container-name=both "$SUITE/joins.sh"
  run -0 cat "$SUITE/joins.out"
  assert_output --partial "$theirs"
  close_shell first
  assert_nothing_left
}

@test "what PMIx needs comes into a container that is joined" {
  need_pmix
  open_shell first step --container-image="$IMAGE" --container-name=both
  # shellcheck disable=SC2016
  run -0 --separate-stderr step -n2 --mpi=pmix --container-name=both sh -c '[ -d "$PMIX_SERVER_TMPDIR" ] && echo there'
  assert_output $'there\nthere'
  close_shell first
  assert_nothing_left
}

@test "no_exec starts a container afresh though it runs" {
  local theirs
  open_shell first step --container-image="$IMAGE" --container-name=both
  theirs=$(tell first "$namespaces")
  run -0 --separate-stderr step --container-name=both:no_exec sh -c "$namespaces"
  refute_line "$(head -n 1 <<<"$theirs")"
  run -0 tell first 'echo goes on'
  close_shell first
  assert_nothing_left
}

@test "an unnamed container is joined by the number of its step, and is gone when both have ended" {
  local number theirs
  open_shell first step --container-image="$IMAGE"
  number=$(tell first 'echo $SLURM_JOB_ID.$SLURM_STEP_ID')
  theirs=$(tell first "$namespaces")
  open_shell second step --container-name="$number"
  close_shell first
  run -0 tell second "$namespaces"
  assert_output "$theirs"
  close_shell second
  assert_nothing_left
  assert_equal "$(containers)" ''
}

@test "a container that was started by hand is joined by what enroot lists" {
  local theirs
  run -0 step --container-image="$IMAGE" --container-name=byhand true
  open_shell hand on node1 setpriv --reuid alice --regid "$(id -g alice)" --init-groups env -i HOME="$(getent passwd alice | cut -d: -f6)" \
    PATH=/usr/bin:/bin "$ENROOT" start pyxis_byhand
  theirs=$(tell hand "$namespaces")
  run -0 --separate-stderr step --container-name=byhand:exec sh -c "$namespaces; pwd; echo \$IMAGE_VARIABLE"
  assert_output "$theirs"$'\n/\nfrom the image'
  run -0 tell hand 'echo goes on'
  close_shell hand
  assert_nothing_left
}

@test "many steps that start one new name at once make one container and are all in it" {
  local n pids=()
  for n in {1..5}; do
    step --container-image="$IMAGE" --container-name=rush --container-writable sh -c 'echo $$ >>/arrived; echo done' >"$BATS_TEST_TMPDIR/$n" 2>&1 3>&- &
    pids+=($!)
  done
  for n in {1..5}; do ended "${pids[n - 1]}" || cat "$BATS_TEST_TMPDIR/$n"; done
  for n in {1..5}; do assert_equal "$(tail -n 1 "$BATS_TEST_TMPDIR/$n")" 'done'; done
  run -0 --separate-stderr step --container-name=rush sh -c 'wc -l </arrived'
  assert_output 5
  assert_nothing_left
}

# --- what fails -----------------------------------------------------------------------------------------

stand_in() { # TEXT: an enroot that only tells this as its version
  printf '#!/bin/sh\n[ "$1" = version ] && echo "%s"\n' "$1" >"$SUITE/enroot"
  chmod 755 "$SUITE/enroot"
  plugstack engine=enroot "enroot_path=$SUITE/enroot"
}

@test "an enroot that is too old, of no known version or not there is refused by name" {
  stand_in 3.0.2
  run --separate-stderr step --container-image="$IMAGE" echo ran
  assert_failure
  assert_output ''
  assert_said_once "pyxis: $SUITE/enroot is enroot 3.0.2, which is too old"
  assert_said 'enroot 3.1.0 or later'
  stand_in 'the newest'
  run --separate-stderr step --container-image="$IMAGE" echo ran
  assert_failure
  assert_said_once "pyxis: $SUITE/enroot does not tell a version of enroot's: \"the newest\""
  plugstack engine=enroot enroot_path=/no/such/enroot
  run --separate-stderr step -n2 --container-image="$IMAGE" echo ran
  assert_failure
  assert_said_once 'pyxis: enroot_path /no/such/enroot: No such file or directory'
  plugstack engine=enroot
  run --separate-stderr step --container-image="$IMAGE" echo ran
  assert_failure
  assert_said_once 'pyxis: there is no enroot on this node'
  assert_nothing_left
}

@test "what enroot says of a failure is said, once" {
  run --separate-stderr step -n3 --container-image="$IMAGE:no-such-tag" echo ran
  assert_failure
  assert_output ''
  assert_said_once "error: pyxis: failed to import docker image: $IMAGE:no-such-tag"
  assert_said_once "$ENROOT load exited with status 1"
  assert_said_once '[ERROR]'
  assert_said MANIFEST_UNKNOWN
  run --separate-stderr step --container-image="$IMAGE" --container-mounts=/home:../home echo ran
  assert_failure
  assert_said_once "error: pyxis: couldn't start container"
  assert_said_once 'Invalid cross-device link'
  assert_nothing_left
  assert_equal "$(containers)" ''
}

# --- what is killed -------------------------------------------------------------------------------------

importing() { # [KEY=VALUE...]
  enroot_engine "$@"
  empty_store
  fault _reset
  job=$(allocate alice -n2)
  as alice srun --jobid="$job" -n1 --container-image="$FAULTD/stall-layers/busybox" true 2>"$BATS_TEST_TMPDIR/srun.err" 3>&- &
  srun=$!
  await_stalled
}

@test "a step that is cancelled while enroot imports leaves nothing" {
  local job srun key
  for key in use_enroot_load=1 use_enroot_load=0; do
    importing "$key"
    controller scancel "$job"
    fault _release
    ends_with_failure "$srun"
    run -0 --separate-stderr step --container-image="$IMAGE" true
    assert_nothing_left
    assert_equal "$(ls -d /tmp/pyxis-enroot-* 2>/dev/null)" ''
  done
}

@test "a step whose processes are killed leaves nothing" {
  open_shell in step --container-image="$IMAGE"
  # The step's supervisor. The leader ends with it, then `enroot start`, and this enroot ends what is in the container.
  run -0 on node1 pkill -KILL -u alice -f '^pyxis-enroot step start'
  ends_with_failure "${shell_pid[in]}"
  assert_nothing_left
  assert_equal "$(containers)" ''
  open_shell in step --container-image="$IMAGE"
  run -0 on node1 pkill -KILL -f "slurmstepd: \[$ALICE_JOB\.$(tell in 'echo $SLURM_STEP_ID')\]"
  pkill -KILL -P "${shell_pid[in]}" || true
  ends_with_failure "${shell_pid[in]}"
  # What is left then, the next step clears up.
  run -0 step --container-image="$IMAGE" true
  assert_nothing_left
  assert_equal "$(containers)" ''
}

@test "under job scope the epilog removes the job's containers, and no others" {
  local job
  enroot_engine use_enroot_load=1 container_scope=job
  job=$(allocate alice)
  run -0 as alice srun --jobid="$job" --overlap -n1 --container-image="$IMAGE" --container-name=work true
  run -0 step --container-image="$IMAGE" --container-name=work true
  assert_equal "$(containers | sort)" "$(printf '%s\n' "pyxis_${job}_work" "pyxis_${ALICE_JOB}_work" | sort)"
  ends_container "pyxis_${job}_work" controller scancel "$job"
  assert_equal "$(containers)" "pyxis_${ALICE_JOB}_work"
  run -0 controller sinfo -h -o %T
  refute_output --regexp 'drain|down|fail'
}
