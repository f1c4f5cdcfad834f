# SIF files of Apptainer and Singularity, as SIF's own tool makes them.

load helpers

setup_file() {
  load helpers
  make_home
  make_images
  mknod -m 666 "$BATS_FILE_TMPDIR/fuse" c 10 229
  mknod -m 600 "$BATS_FILE_TMPDIR/no-fuse" c 10 229
}
teardown_file() {
  load helpers
  remove_home
}
setup() {
  cd "$TEST_HOME"
  with_device fuse
}
teardown() {
  cd /
  assert_nothing_left
}

# Everybody can open /dev/fuse where udev has made it; where it has not, for these tests.
with_device() { # NAME
  # shellcheck disable=SC2016
  wrapped=(unshare --mount --propagation slave sh -c 'mount --bind "$0" /dev/fuse && exec "$@"' "$BATS_FILE_TMPDIR/$1")
}

make_images() {
  local tree=$BATS_FILE_TMPDIR/tree
  mkdir -p "$tree"/{bin,etc,proc,sys,dev,tmp,.singularity.d/env}
  cp /bin/busybox "$tree/bin/busybox"
  ln -s busybox "$tree/bin/sh"
  echo 'export OF_SIF=set' >"$tree/.singularity.d/env/90-environment.sh"
  printf '#!/bin/sh\necho "runscript $*"\n' >"$tree/.singularity.d/runscript"
  chmod 755 "$tree/.singularity.d/runscript"
  seq 100000 >"$tree/long"
  mksquashfs "$tree" "$TEST_HOME/plain.sqsh" -comp gzip -noappend -quiet -no-progress
  make_sif good.sif 1 2
}

make_sif() { # FILE FILE-SYSTEM PARTITION-TYPE [ARCHITECTURE]
  "$repo/tests/support/make-sif" "$TEST_HOME/$1" "$2" "$3" "$TEST_HOME/plain.sqsh" "${@:4}"
}

@test "start FILE.sif: as it is, by its name, and by another" {
  run -0 pyxis start good.sif sh -c 'busybox tail -n 1 /long'
  assert_output 100000
  cp good.sif image
  run -0 pyxis start ./image sh -c 'busybox head -n 1 /long'
  assert_output 1
}

@test "create FILE.sif: a container of it, called as the file" {
  run -0 pyxis create good.sif
  run -0 pyxis start good busybox tail -n 1 /long
  assert_output 100000
  run -0 pyxis remove -f good
}

@test "its scripts are files as others: none runs by itself" {
  run -0 pyxis start good.sif sh -c 'echo "${OF_SIF:-unset}"; . /.singularity.d/env/90-environment.sh; echo "$OF_SIF"'
  assert_output $'unset\nset'
  run -0 pyxis start good.sif /.singularity.d/runscript with words
  assert_output 'runscript with words'
}

@test "without FUSE it is unpacked" {
  with_device no-fuse
  run -0 pyxis start good.sif busybox tail -n 1 /long
  assert_output --partial 100000
}

@test "encrypted, ext3, for other processors, without a root file system, of another version: each is one error with a remedy" {
  make_sif encrypted.sif 5 2
  run pyxis start encrypted.sif true
  assert_only_error 'encrypted.sif is a SIF file that is encrypted' 'apptainer build without --passphrase'
  make_sif ext3.sif 2 2
  run pyxis create ext3.sif
  assert_one_error 'ext3.sif is a SIF file whose root file system is ext3' 'apptainer build'
  make_sif other.sif 1 2 11
  run pyxis start other.sif true
  assert_only_error 'other.sif is a SIF file for s390x, and this machine is'
  make_sif data.sif 1 3
  run pyxis start data.sif true
  assert_only_error 'data.sif is a SIF file without a root file system'
  cp good.sif newer.sif
  printf 99 | dd of=newer.sif bs=1 seek=42 conv=notrunc status=none
  run pyxis start newer.sif true
  assert_only_error "newer.sif is a SIF file of version '99'"
}

@test "one that was cut off is damaged" {
  head -c 2000 good.sif >cut.sif
  run pyxis start cut.sif true
  assert_only_error 'cut.sif is a damaged SIF file'
  head -c 40000 good.sif >half.sif
  run pyxis start half.sif true
  assert_only_error 'half.sif is a damaged SIF file'
}

@test "a SIF file without ./ in the place of an image's name: the error says how to write it" {
  run pyxis ENROOT_TRANSFER_RETRIES=1 pull "$REGISTRY/good.sif"
  assert_one_error "for a file write ./"
}
