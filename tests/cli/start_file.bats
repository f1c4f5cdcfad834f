# Containers that are an image file as it is: nothing is unpacked, changes are gone with them.

load helpers

setup_file() {
  load helpers
  make_home
  make_images
  mknod -m 666 "$BATS_FILE_TMPDIR/fuse" c 10 229
}
# Everybody can open /dev/fuse where udev has made it; where it has not, for these tests.
setup() {
  wrapped=(unshare --mount --propagation slave sh -c 'mount --bind "$0" /dev/fuse && exec "$@"' "$BATS_FILE_TMPDIR/fuse")
}
teardown_file() {
  load helpers
  remove_home
}
teardown() {
  assert_nothing_left
  assert_equal "$(ls -A "$(store)/containers/$(hostname)" 2>/dev/null)" ""
}

# As mksquashfs makes them of a directory: busybox, the files that describe an image, and what is hard to serve.
make_images() {
  local tree=$BATS_FILE_TMPDIR/tree
  mkdir -p "$tree"/{bin,etc,proc,sys,dev,tmp,work,many,empty}
  cp /bin/busybox "$tree/bin/busybox"
  ln -s busybox "$tree/bin/sh"
  ln "$tree/bin/busybox" "$tree/bin/cat"
  printf '%s\n' '# comment' 'PATH=/bin' 'GREETING="hello there"' >"$tree/etc/environment"
  printf '%s\n' 'mkdir -p "/work" 2> /dev/null' 'cd "/work" && unset OLDPWD || exit 1' \
    'if [ $# -gt 0 ]; then exec "$@"; else exec echo default command; fi' >"$tree/etc/rc"
  echo secret >"$tree/secret" && chmod 600 "$tree/secret"
  mkdir -m 0 "$tree/closed"
  truncate -s 3M "$tree/holes" && printf end >>"$tree/holes"
  seq 300000 >"$tree/long"
  seq 3000 | (cd "$tree/many" && xargs touch)
  ln -s "$(printf 'x%.0s' {1..200})" "$tree/link"
  mkfifo "$tree/fifo"
  (cd "$tree" && find . -type f -exec sha256sum {} + | sort) >"$BATS_FILE_TMPDIR/sums"
  local kind
  for kind in gzip lzo lz4 xz zstd; do
    mksquashfs "$tree" "$TEST_HOME/$kind.sqsh" -comp "$kind" -noappend -quiet -no-progress
  done
  mksquashfs "$tree" "$TEST_HOME/plain.sqsh" -noI -noD -noF -noX -noappend -quiet -no-progress
  mksquashfs "$tree" "$TEST_HOME/large-blocks.sqsh" -comp zstd -b 1M -no-fragments -noappend -quiet -no-progress
  chown "$PYXIS_TEST_USER:" "$TEST_HOME"/*.sqsh
}

server_process() {
  local process
  for process in $(processes_of_test); do
    [[ $(<"/proc/$process/comm") != pyxis-image ]] || echo "$process"
  done
}

@test "any file that is there is one, unless a container has its name" {
  as_user sh -c 'ln gzip.sqsh image; mkdir here && ln gzip.sqsh here/image'
  run -0 pyxis start image sh -c 'echo "$GREETING"'
  assert_output 'hello there'
  run -0 pyxis start here/image sh -c 'echo "$GREETING"'
  assert_output 'hello there'
  as_user tee "$TEST_HOME/config" >/dev/null <<<'#ENROOT_ROOTFS=here/image'
  run -0 pyxis batch "$TEST_HOME/config" sh -c 'echo "$GREETING"'
  assert_output 'hello there'
  run pyxis start here true
  assert_one_error 'no container named here'
  run -0 pyxis create -n image gzip.sqsh
  run -0 pyxis start -w image sh -c 'echo a container >/mark'
  run -0 pyxis start image cat /mark
  assert_output 'a container'
  run -0 pyxis remove -f image
  rm -r "$TEST_HOME/image" "$TEST_HOME/here" "$TEST_HOME/config"
}

@test "every compressor, block size and way of packing: the same files" {
  local kind
  for kind in gzip lzo lz4 xz zstd plain large-blocks; do
    run -0 pyxis start "$kind.sqsh" sh -c 'cd / && busybox find . -xdev -type f | busybox grep -v "^./\(proc\|sys\|dev\)/" | busybox xargs busybox sha256sum | busybox sort'
    # The files that every container has of its own.
    diff <(grep -vE ' \./etc/(passwd|group|localtime|hosts|hostname|resolv.conf|machine-id)$' <<<"$output") \
      <(LC_ALL=C sort "$BATS_FILE_TMPDIR/sums")
  done
}

@test "by absolute path, relative path and bare name" {
  run -0 pyxis start "$TEST_HOME/zstd.sqsh" busybox echo absolute
  run -0 pyxis start ./zstd.sqsh busybox echo relative
  run -0 pyxis start zstd.sqsh busybox echo bare
  assert_output bare
}

@test "environment and working directory are those of the image's own files" {
  run -0 pyxis start zstd.sqsh sh -c 'echo "$GREETING from $PWD with $PATH"'
  assert_output "hello there from /work with /bin"
}

@test "its volumes are memory; other lines of its fstab are nobody's business" {
  local tree=$BATS_TEST_TMPDIR/tree
  mkdir -p "$tree"/{bin,etc,proc,sys,dev,vol/inside}
  cp /bin/busybox "$tree/bin/busybox"
  ln -s busybox "$tree/bin/sh"
  printf '%s\n' '# volumes' 'tmpfs /vol\040ume tmpfs x-create=dir,rw,nosuid,nodev' 'tmpfs /vol tmpfs size=1m' \
    'UUID=1234 / ext4 errors=remount-ro 0 1' '/etc /stolen none x-create=dir,bind' 'tmpfs /too/high tmpfs' >"$tree/etc/fstab"
  mksquashfs "$tree" "$TEST_HOME/volumes.sqsh" -noappend -quiet -no-progress
  run -0 pyxis start -m "$TEST_HOME:/vol/mine:none:x-create=dir,rbind" volumes.sqsh \
    sh -c 'cd /; busybox ls vol; busybox echo x >"/vol ume/file" && busybox cat "/vol ume/file"; busybox test ! -e /stolen'
  assert_line mine
  refute_line inside
  assert_line x
  assert_line --partial "[WARN] the image's /etc/fstab:6: "
  run -0 pyxis create volumes.sqsh
  run -0 pyxis start volumes sh -c 'busybox ls /vol'
  refute_output --partial inside
  run -0 pyxis remove -f volumes
}

@test "an image's volumes are memory whether it comes from a registry or from a file" {
  run -0 pyxis load -n with-volumes "$REGISTRY/busybox:volume"
  run -0 pyxis export -o exported.sqsh with-volumes
  local image
  for image in with-volumes exported.sqsh; do
    run -0 pyxis start -w "$image" sh -c 'pwd && ls /data && echo x >/data/file && awk "\$2 ~ /data/ {print \$2, \$3}" /proc/mounts'
    assert_output $'/data/work\nwork\n/data tmpfs\n/made/for\\040data tmpfs'
  done
  run -0 pyxis start -w -m tmpfs:/data/mine:tmpfs:x-create=dir with-volumes ls /data
  assert_output $'mine\nwork'
  run -0 pyxis remove -f with-volumes
}

@test "without a command, its rc runs" {
  run -0 pyxis start zstd.sqsh
  assert_output "default command"
}

@test "read-only unless --rw; changes are gone afterwards and the file stays as it was" {
  local before
  before=$(sha256sum "$TEST_HOME/zstd.sqsh")
  run pyxis start zstd.sqsh sh -c 'echo new >/new'
  assert_failure
  run -0 pyxis start --rw zstd.sqsh sh -c 'echo new >/new && echo more >>/long && rm /many/7 && mv /secret /moved && cat /new /moved'
  assert_output $'new\nsecret'
  run -0 pyxis start --rw zstd.sqsh sh -c 'busybox test ! -e /new -a -e /many/7 && cat /secret'
  assert_output secret
  assert_equal "$(sha256sum "$TEST_HOME/zstd.sqsh")" "$before"
}

@test "all files belong to the user, or to root when remapped; what its owner cannot read is readable" {
  run -0 pyxis start zstd.sqsh busybox stat -c '%u' /secret /closed
  assert_output "$(id -u "$PYXIS_TEST_USER")"$'\n'"$(id -u "$PYXIS_TEST_USER")"
  run -0 pyxis start --root zstd.sqsh busybox stat -c '%u' /secret
  assert_output 0
  run -0 pyxis start zstd.sqsh sh -c 'cat /secret && busybox ls /closed'
  assert_output secret
}

@test "hard links, symbolic links, holes and large directories are what they were" {
  run -0 pyxis start zstd.sqsh sh -c 'busybox stat -c "%h %i" /bin/busybox /bin/cat | busybox uniq | busybox wc -l; busybox readlink /link | busybox wc -c; busybox stat -c %s /holes; busybox ls /many | busybox wc -l; busybox stat -c %F /fifo'
  assert_output "$(printf '%s\n' 1 201 3145731 3000 fifo)"
}

@test "many readers at once" {
  run -0 pyxis start xz.sqsh sh -c 'for i in 1 2 3 4 5 6 7 8; do busybox sha256sum /long /bin/busybox /holes & done; wait'
  assert_equal "$(sort -u <<<"$output" | wc -l)" 3
}

@test "the server ends with the container, also where that is killed" {
  start_background zstd.sqsh
  local server
  server=$(server_process)
  assert_equal "$(wc -w <<<"$server")" 1
  local process
  for process in $(processes_of_test); do
    [[ $(<"/proc/$process/comm") != pyxis ]] || kill -KILL "$process"
  done
  wait "$background" || true
  exec {background_input}>&-
  await_end "$server"
  for process in $(processes_of_test); do await_end "$process"; done
}

# A hostile image can keep its server busy for as long as it likes; here it just does not answer.
@test "a server that does not end with its container is killed" {
  # All that ends the container is in the kernel's caches by then.
  background_script='cat /bin/busybox | cat >/dev/null; echo ready; exec cat >/dev/null' start_background zstd.sqsh
  local server
  server=$(server_process)
  kill -STOP "$server"
  end_background
  await_end "$server"
}

@test "the server can open no file, execute nothing and connect to nobody" {
  start_background zstd.sqsh
  local server
  server=$(server_process)
  run -0 grep -E '^(NoNewPrivs|Seccomp):' "/proc/$server/status"
  assert_output $'NoNewPrivs:\t1\nSeccomp:\t2'
  # Neither the task's output nor its session.
  assert_equal "$(readlink "/proc/$server/fd/1")" /dev/null
  assert_equal "$(ps -o sid= -p "$server" | tr -d ' ')" "$server"
  end_background
}

@test "errors name the file and what is wrong with it" {
  run pyxis start missing.sqsh true
  assert_only_error "missing.sqsh" "No such file or directory"
  head -c 4096 /dev/urandom >"$TEST_HOME/random.sqsh"
  run pyxis start random.sqsh true
  assert_only_error "random.sqsh"
  head -c 50 "$TEST_HOME/zstd.sqsh" >"$TEST_HOME/short.sqsh"
  run pyxis start short.sqsh true
  assert_only_error "short.sqsh"
  head -c 100000 "$TEST_HOME/zstd.sqsh" >"$TEST_HOME/truncated.sqsh"
  run pyxis start truncated.sqsh true
  assert_only_error "truncated.sqsh"
  # The compressor's number is at offset 20 of the super block.
  cp "$TEST_HOME/zstd.sqsh" "$TEST_HOME/unknown.sqsh"
  printf '\x63' | dd of="$TEST_HOME/unknown.sqsh" bs=1 seek=20 conv=notrunc status=none
  run pyxis start unknown.sqsh true
  assert_only_error "unknown.sqsh" "99"
  mkdir "$TEST_HOME/directory.sqsh" && mkfifo "$TEST_HOME/fifo.sqsh"
  run pyxis start directory.sqsh true
  assert_only_error "directory.sqsh"
  run pyxis start fifo.sqsh true
  assert_only_error "fifo.sqsh" "not a regular file"
}

@test "an image whose content is damaged is an input/output error for who reads it, and nothing worse" {
  cp "$TEST_HOME/gzip.sqsh" "$TEST_HOME/damaged.sqsh"
  # Data comes first in the file.
  dd if=/dev/zero of="$TEST_HOME/damaged.sqsh" bs=1 seek=96 count=200000 conv=notrunc status=none
  run -126 pyxis start damaged.sqsh /bin/busybox true
  assert_output --partial "Input/output error"
  refute_output --partial Sanitizer
}

# What a list says is told to the kernel unasked: it must be what is in the file, also where the list is old or wrong.
@test "what was read first is kept and read ahead the next time: the same files" {
  local sums='cd / && busybox find etc/rc secret long holes many bin -type f | busybox xargs busybox sha256sum'
  rm -rf "$(store)/reads"
  run -0 pyxis start xz.sqsh sh -c "$sums"
  local first=$output list
  list=$(echo "$(store)"/reads/*)
  run -0 tr '\0' '\n' <"$list"
  assert_line secret
  assert_line long
  assert_line bin/busybox
  run -0 pyxis start xz.sqsh sh -c "$sums"
  assert_output "$first"
  run -0 pyxis start --root --rw xz.sqsh sh -c "$sums"
  assert_output "$first"
  printf 'pyxis read list 1\0long\0000+4096 900000+999999999 18446744073709551615+10\0../../etc/shadow\0000+10\0closed\0*\0link\0*\0end' >"$list"
  run -0 pyxis start xz.sqsh sh -c "$sums"
  assert_output "$first"
  head -c 100000 /dev/urandom >"$list"
  run -0 pyxis start xz.sqsh sh -c "$sums"
  assert_output "$first"
}

@test "a store that takes no list of what is read first: the container starts all the same" {
  mkdir -p "$(store)"
  rm -rf "$(store)/reads" && touch "$(store)/reads"
  run -0 pyxis start zstd.sqsh busybox echo started
  assert_output started
  rm "$(store)/reads"
}
