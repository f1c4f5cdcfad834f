# --container-image with the path of an image file: it starts as it is.

load helpers

setup_file() {
  export SHARE=$SUITE/image_files
  install -d -m 777 "$SHARE"
  make_image
}
teardown() { assert_nothing_left; }

make_image() {
  local tree=$BATS_FILE_TMPDIR/tree
  mkdir -p "$tree"/{bin,etc,proc,sys,dev,tmp,work,mnt}
  cp /bin/busybox "$tree/bin/"
  chroot "$tree" /bin/busybox --install -s /bin
  printf '%s\n' 'PATH=/bin' 'GREETING="hello there"' >"$tree/etc/environment"
  printf '%s\n' 'cd "/work" && unset OLDPWD || exit 1' 'exec "$@"' >"$tree/etc/rc"
  seq 300000 >"$tree/long"
  seq 300000 >"$tree/unread"
  mksquashfs "$tree" "$SHARE/image.sqsh" -comp zstd -noappend -quiet -no-progress
}

# A SIF file as Apptainer makes them, of its own tool; the tool does not make encrypted ones, which differ in this number.
sif() { # FILE FILE-SYSTEM PARTITION-TYPE IMAGE
  "$repo/tests/support/make-sif" "$@"
}

@test "by absolute path, and relative to the job's working directory" {
  run -0 --separate-stderr step --container-image="$SHARE/image.sqsh" sh -c 'echo "$GREETING from $PWD"; wc -l </long'
  assert_output $'hello there from /work\n300000'
  refute_said 'docker image'
  run -0 --separate-stderr step --chdir="$SHARE" --container-image=./image.sqsh pwd
  assert_output /work
  run -0 --separate-stderr step --chdir="$SHARE" --container-image=../image_files/image.sqsh --container-workdir=/mnt pwd
  assert_output /mnt
}

@test "the tasks of a node share one container and one server, and may write" {
  run -0 --separate-stderr step -n8 --container-image="$SHARE/image.sqsh" \
    sh -c 'readlink /proc/self/ns/mnt; echo mine >/tmp/$SLURM_PROCID && cat /tmp/$SLURM_PROCID'
  assert_equal "$(grep -c '^mnt:' <<<"$output")" 8
  assert_equal "$(grep '^mnt:' <<<"$output" | sort -u | wc -l)" 1
  assert_equal "$(grep -c '^mine$' <<<"$output")" 8
}

@test "on two nodes, and for another user who can read the file" {
  run -0 --separate-stderr as alice srun --jobid="$ALICE_JOB" --overlap -N2 -n2 --container-image="$SHARE/image.sqsh" cat /proc/sys/kernel/hostname
  assert_equal "$(sort <<<"$output")" $'node1\nnode2'
  run -0 --separate-stderr step_of bob --container-image="$SHARE/image.sqsh" sh -c 'id -u; stat -c %u /long'
  assert_output "$(id -u bob)"$'\n'"$(id -u bob)"
  assert_nothing_left node2
  assert_nothing_left node1 bob
}

@test "remapped to root, with mounts, read-only, in a batch script" {
  run -0 --separate-stderr step --container-remap-root --container-image="$SHARE/image.sqsh" \
    --container-mounts="$SHARE:/mnt" sh -c 'id -u; stat -c %u /long; ls /mnt'
  assert_output $'0\n0\nimage.sqsh'
  run ! step --container-readonly --container-image="$SHARE/image.sqsh" touch /new
  cat >"$SHARE/job.sh" <<'END'
#!/bin/sh
echo "$GREETING"
END
  run -0 as alice sbatch --wait --output="$SHARE/job.out" --container-image="$SHARE/image.sqsh" "$SHARE/job.sh"
  assert_equal "$(grep -v '^pyxis:' "$SHARE/job.out")" 'hello there'
}

@test "a file that is not there, not readable, or no image is one error that names it" {
  run --separate-stderr step -n4 --container-image="$SHARE/missing.sqsh" true
  assert_failure
  assert_said_once "$SHARE/missing.sqsh: No such file or directory; check the path on this node"
  install -m 600 "$SHARE/image.sqsh" "$SHARE/private.sqsh"
  run --separate-stderr step --container-image="$SHARE/private.sqsh" true
  assert_failure
  assert_said_once "$SHARE/private.sqsh: Permission denied"
  seq 2000 >"$SHARE/text.sqsh"
  run --separate-stderr step --container-image="$SHARE/text.sqsh" true
  assert_failure
  assert_said_once "$SHARE/text.sqsh is no squashfs file"
}

@test "a SIF file starts as it is, on all nodes, and one that cannot is one error" {
  sif "$SHARE/image.sif" 1 2 "$SHARE/image.sqsh"
  run -0 as alice srun --jobid="$ALICE_JOB" --overlap -N2 --container-image="$SHARE/image.sif" sh -c 'tail -n1 /long'
  assert_output $'300000\n300000'
  sif "$SHARE/encrypted.sif" 5 2 "$SHARE/image.sqsh"
  run --separate-stderr step --container-image="$SHARE/encrypted.sif" true
  assert_failure
  assert_said_once "$SHARE/encrypted.sif is a SIF file that is encrypted"
}

@test "nothing is left when the step is cancelled, or its server killed" {
  open_shell held step --container-image="$SHARE/image.sqsh"
  run -0 on node1 pkill -KILL -x pyxis-image
  run tell held 'cat /unread >/dev/null' # what other steps have read is read ahead, and stays with the kernel
  assert_failure
  local status=0
  close_shell held || status=$?
  assert [ "$status" -ne 124 ]
  open_shell cancelled step --container-image="$SHARE/image.sqsh"
  controller scancel --signal=KILL "$(step_number)"
  ends_with_failure "${shell_pid[cancelled]}"
}

# The one step that runs in the suite's allocation of alice, besides its batch and extern steps.
step_number() {
  controller squeue --noheader --steps --jobs="$ALICE_JOB" --format=%i | grep -E '\.[0-9]+$' | tail -n 1 | tr -d ' '
}

@test "with a name it is unpacked, and kept with its changes; the file is not needed any more" {
  cp "$SHARE/image.sqsh" "$SHARE/short-lived.sqsh"
  run -0 --separate-stderr step --chdir="$SHARE" --container-image=./short-lived.sqsh --container-name=kept \
    sh -c 'echo "$GREETING from $PWD"; echo new >/new'
  assert_output 'hello there from /work'
  rm "$SHARE/short-lived.sqsh"
  run -0 --separate-stderr step --container-name=kept sh -c 'cat /new; wc -l </long'
  assert_output $'new\n300000'
  # It exists: the image is not even looked at.
  run -0 --separate-stderr step -n4 --container-image="$SHARE/short-lived.sqsh" --container-name=kept cat /new
  assert_equal "$(sort -u <<<"$output")" new
  forget_containers
}

@test "where nobody may open /dev/fuse, it is unpacked" {
  on node1 chmod 600 /dev/fuse
  run --separate-stderr step -n2 --container-image="$SHARE/image.sqsh" sh -c 'wc -l </long; echo x >/new; grep -c image.sqsh /proc/self/mounts || true'
  on node1 chmod 666 /dev/fuse
  assert_success
  assert_equal "$(sort <<<"$output")" $'0\n0\n300000\n300000'
}

@test "a damaged file is one error that names it, and leaves no container" {
  head -c 100000 "$SHARE/image.sqsh" >"$SHARE/cut.sqsh"
  run --separate-stderr step -n2 --container-image="$SHARE/cut.sqsh" --container-name=never true
  assert_failure
  assert_said_once "$SHARE/cut.sqsh is damaged"
  assert_equal "$(containers)" ""
}
