# Image files: import writes them, create unpacks them, export writes containers.

load helpers

setup_file() {
  load helpers
  make_home
  make_tree
}
teardown_file() {
  load helpers
  remove_home
}
setup() {
  cd "$TEST_HOME"
}
teardown() {
  cd /
  assert_nothing_left
  if mountpoint -q "$TEST_HOME/small"; then umount "$TEST_HOME/small"; fi
  # Nothing in the making, under whatever name.
  assert_equal "$(find "$TEST_HOME" -maxdepth 2 -name '.*pyxis-*')" ""
}

# A directory with what is hard to keep, in a file per compressor, as mksquashfs makes it.
make_tree() {
  local tree=$BATS_FILE_TMPDIR/tree kind
  mkdir -p "$tree"/{bin,etc,proc,sys,dev,tmp,work,many,empty}
  cp /bin/busybox "$tree/bin/busybox"
  ln -s busybox "$tree/bin/sh"
  ln "$tree/bin/busybox" "$tree/bin/cat"
  printf 'PATH=/bin\nGREETING=hello\n' >"$tree/etc/environment"
  printf '%s\n' 'cd "/work" || exit 1' 'if [ $# -gt 0 ]; then exec "$@"; else exec echo default command; fi' >"$tree/etc/rc"
  echo secret >"$tree/secret" && chmod 600 "$tree/secret"
  chmod 4755 "$tree/bin/busybox"
  mkdir -m 0 "$tree/closed"
  truncate -s 30M "$tree/holes" && printf end >>"$tree/holes"
  seq 3000000 >"$tree/long"
  seq 3000 | (cd "$tree/many" && xargs -n 1 sh -c 'echo "file $0" >"$0"')
  ln -s /nowhere "$tree/link"
  ln -s "$(printf 'x%.0s' {1..200})" "$tree/long-link"
  mkfifo "$tree/fifo"
  mknod "$tree/device" c 1 3
  : >"$tree/odd "$'\n'" name"
  /usr/bin/python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.color", b"red")' "$tree/secret"
  find "$tree" -exec touch -hd @1234567890 {} +
  for kind in gzip lzo lz4 xz zstd; do
    mksquashfs "$tree" "$TEST_HOME/$kind.sqsh" -comp "$kind" -noappend -quiet -no-progress
  done
  mksquashfs "$tree" "$TEST_HOME/large-blocks.sqsh" -comp zstd -b 1M -no-fragments -noappend -quiet -no-progress
  mksquashfs "$tree" "$TEST_HOME/plain.sqsh" -noI -noD -noF -noX -noappend -quiet -no-progress
  chown "$PYXIS_TEST_USER:" "$TEST_HOME"/*.sqsh
}

# A listing of a tree without devices, in which modes are what a store gives.
listing() { # DIRECTORY
  "$repo/tests/support/list-tree" "$1" | awk '
    $1 == "c" { next }
    $2 != "-" {
      owner = substr($2, 2, 1)
      owner = $1 == "d" ? 7 : $1 == "f" && owner < 4 ? owner + 4 : owner
      $2 = (substr($2, 1, 1) % 2) owner substr($2, 3)
    }
    { print }'
}

rootfs() { printf '%s/containers/%s/%s/rootfs\n' "$(store)" "$(hostname)" "$1"; }

# A file of the image, as unsquashfs finds it.
inside() { # IMAGE PATH
  unsquashfs -cat "$1" "$2"
}

# Sends a command SIGTERM as soon as something happens to a file below DIRECTORY, and waits for its failure.
interrupt_at() { # EVENT REGEX DIRECTORY COMMAND...
  local watcher command line
  exec {watch}< <(exec inotifywait -m -r -e "$1" --include "$2" "$3" 2>&1 3>&-)
  watcher=$!
  until read -r line <&"$watch" && [[ $line == *established* ]]; do :; done
  pyxis "${@:4}" &
  command=$!
  read -r line <&"$watch"
  kill "$watcher"
  exec {watch}<&-
  kill -TERM "$(prompt_process)"
  # Not with `run`, in whose subshell the command is nobody's child.
  local status=0
  await_end "$command"
  wait "$command" || status=$?
  assert [ "$status" -ne 0 ]
}

make_small() { # SIZE
  as_user mkdir -p "$TEST_HOME/small"
  mount -t tmpfs -o "size=$1,mode=0700,uid=$(id -u "$PYXIS_TEST_USER"),gid=$(id -g "$PYXIS_TEST_USER")" small "$TEST_HOME/small"
}

# --- import -----------------------------------------------------------------------------------------------

@test "import: the default name is the image's, with + for / and the tag if one is given" {
  run -0 pyxis import "$REGISTRY/static"
  assert [ -s static.sqsh ]
  run -0 pyxis import "docker://$REGISTRY/busybox:workdir"
  assert [ -s busybox+workdir.sqsh ]
  run -0 pyxis import -o other.sqsh "$REGISTRY/busybox"
  assert [ -s other.sqsh ]
  assert_equal "$(stat -c %U other.sqsh)" "$PYXIS_TEST_USER"
}

@test "import: library/ is not part of the default name, and --arch chooses the image" {
  skopeo copy --quiet --src-tls-verify=false --dest-tls-verify=false "docker://$REGISTRY/busybox" "docker://$REGISTRY/library/box:tag"
  run -0 pyxis import "$REGISTRY/library/box:tag"
  assert [ -s box+tag.sqsh ]
  run -0 pyxis import -a arm64 -o arm64.sqsh "$REGISTRY/multiarch"
  assert_equal "$(inside arm64.sqsh architecture)" arm64/v8
}

@test "import: a file that exists is not overwritten, nor anything fetched for it" {
  mark_requests
  run pyxis import -o zstd.sqsh "$FAULTD/ok/busybox"
  assert_only_error "zstd.sqsh exists already" "-o"
  run pyxis import -o missing/x.sqsh "$FAULTD/ok/busybox"
  assert_only_error "missing/" "No such file or directory"
  run pyxis import -o /etc/x.sqsh "$FAULTD/ok/busybox"
  assert_only_error "/etc/x.sqsh" "Permission denied" "choose another place"
  run pyxis import -o small/ "$FAULTD/ok/busybox"
  assert_only_error "small/" "directory"
  assert_equal "$(requests)" ""
}

@test "import: the files are those of the image" {
  run -0 pyxis import -o layers.sqsh "$REGISTRY/layers"
  unsquashfs -quiet -no-progress -d "$BATS_TEST_TMPDIR/out" layers.sqsh
  # A link to a file of an earlier layer is a copy of it (ARCHITECTURE.md); the files of the engine's are others.
  own='etc/(rc|fstab|environment|pyxis.json)$'
  listing "$BATS_TEST_TMPDIR/out" | awk -v own="$own" '$7 ~ own {next} $7 ~ /^links\// {$5 = "-"} {print}' >"$BATS_TEST_TMPDIR/inside"
  "$repo/scripts/images" expected layers | awk '
    $2 != "-" {
      owner = substr($2, 2, 1)
      owner = $1 == "d" ? 7 : $1 == "f" && owner < 4 ? owner + 4 : owner
      $2 = (substr($2, 1, 1) % 2) owner substr($2, 3)
    }
    $4 ~ /^-./ { $4 = 0 }  # the format knows no date before 1970
    $7 ~ /^links\// { $5 = "-" }
    { print }' >"$BATS_TEST_TMPDIR/expected"
  assert [ "$(wc -l <"$BATS_TEST_TMPDIR/expected")" -gt 300 ]
  diff -u "$BATS_TEST_TMPDIR/expected" "$BATS_TEST_TMPDIR/inside"
}

@test "import: unsquashfs knows the format, zstd unless ENROOT_SQUASH_OPTIONS says otherwise" {
  run -0 pyxis import -o default.sqsh "$REGISTRY/busybox"
  run -0 unsquashfs -s default.sqsh
  assert_line "Found a valid SQUASHFS 4:0 superblock on default.sqsh."
  assert_line "Compression zstd"
  run -0 pyxis ENROOT_SQUASH_OPTIONS="-comp xz -b 1M -noI" import -o xz-image.sqsh "$REGISTRY/busybox"
  run -0 unsquashfs -s xz-image.sqsh
  assert_line "Compression xz"
  assert_line "Block size 1048576"
  assert_line "Inodes are uncompressed"
  run -0 pyxis start xz-image.sqsh cat /etc/os-release
  assert_line ID=pyxis-busybox
  local words
  for words in '-comp xz -Xbcj x86,arm -Xdict-size 75% -b 256K' '-comp gzip -Xwindow-size 10 -Xstrategy default,filtered,fixed' '-comp lz4 -Xhc'; do
    run -0 --separate-stderr pyxis ENROOT_SQUASH_OPTIONS="$words" import -o words.sqsh "$REGISTRY/busybox"
    refute_regex "$stderr" 'WARN'
    run -0 unsquashfs -s words.sqsh
    assert_line --partial "Compression $(cut -d' ' -f2 <<<"$words")"
    run -0 unsquashfs -cat words.sqsh etc/os-release
    assert_line ID=pyxis-busybox
    run -0 pyxis start words.sqsh cat /etc/os-release
    assert_line ID=pyxis-busybox
    rm words.sqsh
  done
  # lzo, enroot's default, can be read and not written.
  run -0 pyxis ENROOT_SQUASH_OPTIONS="-comp lzo -noD -exit-on-error" import -o lzo-image.sqsh "$REGISTRY/busybox"
  assert_line --partial "[WARN]"
  run pyxis ENROOT_SQUASH_OPTIONS="-comp lzma" import -o never.sqsh "$REGISTRY/busybox"
  assert_only_error lzma
  run pyxis ENROOT_SQUASH_OPTIONS="--level=3" import -o never.sqsh "$REGISTRY/busybox"
  assert_only_error "--level=3"
  assert [ ! -e never.sqsh ]
}

@test "import: rc, environment and fstab are those of the image, with its provenance" {
  run -0 pyxis import -o entrypoint.sqsh "$REGISTRY/busybox:entrypoint"
  run -0 inside entrypoint.sqsh etc/rc
  assert_line --index 0 "# enroot-provenance: docker://$REGISTRY/busybox:entrypoint"
  assert_line --partial "exec '/entrypoint' \"\$@\""
  assert_line --partial "exec '/entrypoint' 'echo' 'default'"
  run -0 pyxis import -o env.sqsh "$REGISTRY/busybox:env"
  run -0 inside env.sqsh etc/environment
  assert_line 'EQUALS=a=b=c'
  assert_line 'SPACES="a  b "'
  refute_line --partial LINES
  run -0 inside env.sqsh etc/fstab
  assert_output ""
}

@test "import: what the file starts is what the image starts" {
  run -0 pyxis import -o static-image.sqsh "$REGISTRY/static"
  run -0 pyxis load -n static-loaded "$REGISTRY/static"
  run -0 pyxis start static-loaded
  local loaded=$output
  run -0 pyxis start static-image.sqsh
  assert_equal "$output" "$loaded"
  run -0 pyxis remove -f static-loaded
  run -0 pyxis import -o cmd.sqsh "$REGISTRY/busybox:cmd"
  run -0 pyxis start cmd.sqsh
  assert_output "the default command"
  run -0 pyxis import -o workdir.sqsh "$REGISTRY/busybox:workdir"
  run -0 pyxis start workdir.sqsh pwd
  assert_output /made/for/work
}

@test "SOURCE_DATE_EPOCH gives identical files" {
  local date=1600000000
  run -0 pyxis SOURCE_DATE_EPOCH=$date import -o first.sqsh "$REGISTRY/layers"
  run -0 pyxis SOURCE_DATE_EPOCH=$date ENROOT_DATA_PATH="$TEST_HOME/another/store" import -o second.sqsh "$REGISTRY/layers"
  run -0 cmp first.sqsh second.sqsh
  run -0 unsquashfs -s first.sqsh
  assert_line --partial "Creation or last append time $(LC_ALL=C date -d @$date +'%a %b %e %T %Y')"
  # What is younger than that date is dated by it.
  run -0 bash -c "LC_ALL=C TZ=UTC unsquashfs -lls first.sqsh etc/rc | tail -n 1"
  assert_output --partial "$(TZ=UTC date -d @$date +'%F %H:%M')"
  run pyxis SOURCE_DATE_EPOCH=yesterday import -o third.sqsh "$REGISTRY/busybox"
  assert_only_error SOURCE_DATE_EPOCH yesterday
}

@test "import to a full disk: the error names the file system, and no file is left" {
  run -0 pyxis pull "$REGISTRY/bookworm"
  make_small 8m
  run pyxis import -o small/image.sqsh "$REGISTRY/bookworm"
  assert_only_error "small/image.sqsh" "No space left on device" "$TEST_HOME/small is too small for it"
  assert_equal "$(ls -A small)" ""
}

# --- create -----------------------------------------------------------------------------------------------

@test "create: every compressor and way of packing gives the same files" {
  local kind
  listing "$BATS_FILE_TMPDIR/tree" >"$BATS_TEST_TMPDIR/expected"
  assert [ "$(wc -l <"$BATS_TEST_TMPDIR/expected")" -gt 3000 ]
  for kind in gzip lzo lz4 xz zstd large-blocks plain; do
    run -0 pyxis create "$kind.sqsh"
    run -0 pyxis list
    assert_line "$kind"
    listing "$(rootfs "$kind")" >"$BATS_TEST_TMPDIR/$kind"
    run -0 diff -u "$BATS_TEST_TMPDIR/expected" "$BATS_TEST_TMPDIR/$kind"
    assert_equal "$(find "$(rootfs "$kind")" ! -user "$PYXIS_TEST_USER")" ""
    run -0 pyxis remove -f "$kind"
  done
}

@test "create: holes, times of directories and attributes are kept; setuid bits and devices are not" {
  run -0 pyxis create zstd.sqsh
  local root
  root=$(rootfs zstd)
  assert [ "$(du -k "$root/holes" | cut -f1)" -lt 100 ]
  assert_equal "$(stat -c %Y "$root" "$root/many" "$root/etc" "$root/closed" | sort -u)" 1234567890
  assert_equal "$(find "$root" -perm /6000)" ""
  assert [ ! -e "$root/device" ]
  assert_equal "$(/usr/bin/python3 -c 'import os, sys; print(os.getxattr(sys.argv[1], "user.color"))' "$root/secret")" "b'red'"
  run -0 pyxis remove -f zstd
}

@test "create: a name, one that is taken, and replacing" {
  run -0 pyxis create -n mine ./zstd.sqsh
  run pyxis create --name mine zstd.sqsh
  assert_only_error "container mine exists already" "-f"
  run -0 pyxis start -w mine sh -c 'echo changed >/secret'
  run -0 pyxis start mine cat /secret
  assert_output changed
  run -0 pyxis create -f -n mine "$TEST_HOME/zstd.sqsh"
  run -0 pyxis start mine cat /secret
  assert_output secret
  # A failure leaves what was there.
  run pyxis create -f -n mine missing.sqsh
  assert_only_error "missing.sqsh" "No such file or directory"
  head -c 100000 zstd.sqsh >cut.sqsh
  run pyxis create -f -n mine cut.sqsh
  assert_only_error "cut.sqsh"
  start_background mine
  run pyxis create -f -n mine zstd.sqsh
  assert_only_error "container mine is running"
  end_background
  run -0 pyxis start mine cat /secret
  assert_output secret
  run pyxis create -n a/b zstd.sqsh
  assert_only_error "a/b"
  run -0 pyxis remove -f mine
}

@test "create: its environment, working directory and command are the image's; the file is not needed any more" {
  cp zstd.sqsh short-lived.sqsh
  run -0 pyxis create short-lived.sqsh
  rm -f short-lived.sqsh
  run -0 pyxis start short-lived sh -c 'echo "$GREETING from $PWD"'
  assert_output "hello from /work"
  run -0 pyxis start short-lived
  assert_output "default command"
  run -0 pyxis remove -f short-lived
}

@test "load of a path is create" {
  run -0 pyxis load ./zstd.sqsh
  run -0 pyxis start zstd cat /secret
  assert_output secret
  run -0 pyxis remove -f zstd
}

@test "create: errors name the file and what is wrong with it, and nothing is left" {
  head -c 4096 /dev/urandom >random.sqsh
  head -c 50 zstd.sqsh >short.sqsh
  # The compressor's number is at offset 20 of the super block.
  cp zstd.sqsh unknown.sqsh
  printf '\x63' | dd of=unknown.sqsh bs=1 seek=20 conv=notrunc status=none
  cp gzip.sqsh damaged.sqsh
  dd if=/dev/zero of=damaged.sqsh bs=1 seek=96 count=200000 conv=notrunc status=none
  local file
  for file in random short unknown damaged; do
    run pyxis create "$file.sqsh"
    assert_only_error "$file.sqsh"
  done
  run pyxis create unknown.sqsh
  assert_only_error "99"
  run pyxis create damaged.sqsh
  assert_only_error "damaged"
  run -0 pyxis list
  assert_output ""
}

@test "create: names that lead out of the image are refused" {
  local tree=$BATS_TEST_TMPDIR/evil name
  mkdir -p "$tree/etc"
  echo x >"$tree/etc/abcdef"
  mksquashfs "$tree" evil.sqsh -noI -noappend -quiet -no-progress
  for name in '../def' 'ab/def' 'ab\0def'; do
    sed "s|abcdef|$(printf '%s' "$name" | sed 's/\\0/\\x00/')|" evil.sqsh >"evil-name.sqsh"
    run ! cmp -s evil.sqsh evil-name.sqsh
    run pyxis create evil-name.sqsh
    assert_only_error "evil-name.sqsh" "damaged"
  done
}

@test "create on a full disk: the error names the file system and the remedy" {
  make_small 16m
  run pyxis ENROOT_DATA_PATH="$TEST_HOME/small/store" create zstd.sqsh
  assert_only_error "zstd.sqsh" "No space left on device" "is full" "put the store elsewhere"
  assert_equal "$(ls -A small/store/tmp)" ""
}

@test "create: interrupted, it leaves nothing" {
  mkdir -p "$BATS_TEST_TMPDIR/tree"
  head -c 400M /dev/urandom >"$BATS_TEST_TMPDIR/tree/noise"
  mksquashfs "$BATS_TEST_TMPDIR/tree" large.sqsh -comp zstd -noappend -quiet -no-progress
  run -0 pyxis list
  interrupt_at access '/large.sqsh$' "$TEST_HOME" create large.sqsh
  run -0 pyxis list
  assert_output ""
}

# --- export -----------------------------------------------------------------------------------------------

@test "export: a container with its changes, at rest" {
  run -0 pyxis load -n changed "$REGISTRY/busybox:workdir"
  run -0 pyxis start -w changed sh -c 'echo new >/new && rm /bin/ls && mkdir /deep && echo x >/deep/x && echo more >>/etc/os-release'
  run -0 pyxis export changed
  assert [ -s changed.sqsh ]
  run -0 unsquashfs -s changed.sqsh
  run -0 inside changed.sqsh etc/rc
  assert_line --index 0 "# enroot-provenance: docker://$REGISTRY/busybox:workdir"
  run -0 pyxis start changed.sqsh sh -c 'cat /new /deep/x && test ! -e /bin/ls && tail -n 1 /etc/os-release && pwd'
  assert_output $'new\nx\nmore\n/made/for/work'
  run pyxis export changed
  assert_only_error "changed.sqsh exists already"
  run -0 pyxis start -w changed sh -c 'echo newer >/new'
  run -0 pyxis export -f changed
  run -0 inside changed.sqsh new
  assert_output newer
  run -0 pyxis export -o elsewhere.sqsh changed
  run -0 inside elsewhere.sqsh new
  assert_output newer
  run pyxis export missing
  assert_only_error "missing"
  run -0 pyxis remove -f changed
}

@test "export: a running container, without what is mounted in it" {
  run -0 pyxis load -n running "$REGISTRY/busybox"
  mkdir -p mounted && echo theirs >mounted/file
  background_script='echo inside >/made; mkdir /work; echo x >/dev/shm/pyxis-export-test; rm /dev/shm/pyxis-export-test; echo ready; exec cat >/dev/null' \
    start_background running -w -m "$TEST_HOME/mounted:/mnt:none:x-create=dir,bind"
  run -0 pyxis export -o running.sqsh running
  end_background
  run -0 inside running.sqsh made
  assert_output inside
  run -0 unsquashfs -d "$BATS_TEST_TMPDIR/out" -quiet -no-progress running.sqsh
  assert_equal "$(ls -A "$BATS_TEST_TMPDIR/out/mnt" "$BATS_TEST_TMPDIR/out/proc" "$BATS_TEST_TMPDIR/out/sys" | grep -v :$ | tr -d '\n')" ""
  run -0 pyxis remove -f running
}

@test "export: of a container made from an image file, its own rc and environment, changed or not" {
  run -0 pyxis create -n of-file zstd.sqsh
  run -0 pyxis start -w of-file sh -c 'echo ADDED=yes >>/etc/environment'
  run -0 pyxis export -o again.sqsh of-file
  run -0 inside again.sqsh etc/rc
  assert_line --index 0 'cd "/work" || exit 1'
  run -0 pyxis start again.sqsh sh -c 'echo $ADDED $GREETING from $PWD'
  assert_output "yes hello from /work"
  run -0 pyxis remove -f of-file
}

@test "export: an image's own /etc/rc and /etc/environment are a distribution's, and no reason to say less" {
  local file
  run -0 pyxis import -o imported.sqsh "$REGISTRY/etc-files"
  run -0 pyxis load -n theirs "$REGISTRY/etc-files"
  run -0 pyxis start theirs sh -c 'echo "$FROM_IMAGE ${DISTRIBUTION-none} $PWD"'
  assert_output $'entry point: sh -c echo "$FROM_IMAGE ${DISTRIBUTION-none} $PWD"\nimage none /srv/work'
  run -0 pyxis export -o exported.sqsh theirs
  for file in rc environment fstab pyxis.json; do
    assert_equal "$(inside exported.sqsh "etc/$file")" "$(inside imported.sqsh "etc/$file")"
  done
  run -0 pyxis start exported.sqsh sh -c 'echo "$FROM_IMAGE ${DISTRIBUTION-none} $PWD"'
  assert_line 'image none /srv/work'
  assert_line --partial 'entry point: sh -c'

  # The same of one whose layers are copied.
  run -0 pyxis ENROOT_NATIVE_OVERLAYFS=no load -n flat "$REGISTRY/etc-files"
  run -0 pyxis export -o flat.sqsh flat
  assert_equal "$(inside flat.sqsh etc/rc | tail -n +2)" "$(inside imported.sqsh etc/rc | tail -n +2)"
  run -0 pyxis remove -f theirs flat
  rm imported.sqsh exported.sqsh flat.sqsh
}

@test "an /etc/rc and variables that somebody has added to a container count: when it starts, and in what is exported" {
  local form
  for form in yes no; do
    run -0 pyxis ENROOT_NATIVE_OVERLAYFS=$form load -f -n mine "$REGISTRY/etc-files"
    run -0 pyxis start -w mine sh -c 'mkdir /elsewhere; echo "ADDED=mine" >>/etc/environment'
    run -0 pyxis start mine sh -c 'echo "$ADDED $FROM_IMAGE ${DISTRIBUTION-none} $PWD"; ls /bin/sh'
    assert_line 'mine image none /srv/work'
    run -0 pyxis start -w mine sh -c "printf '%s\\n' 'cd /elsewhere' 'echo \"my rc\"' 'exec \"\$@\"' >/etc/rc"
    run -0 pyxis start mine sh -c 'echo "$ADDED $FROM_IMAGE $PWD"'
    assert_output $'my rc\nmine image /elsewhere'
    run -0 pyxis export -f -o mine.sqsh mine
    run -0 pyxis start mine.sqsh sh -c 'echo "$ADDED $FROM_IMAGE ${DISTRIBUTION-none} $PWD"'
    assert_output $'my rc\nmine image none /elsewhere'
  done
  run -0 pyxis remove -f mine
  rm mine.sqsh
}

@test "import, create, export: the same image all the way" {
  run -0 pyxis import -o way.sqsh "$REGISTRY/static"
  run -0 pyxis create way.sqsh
  run -0 pyxis export -o way2.sqsh way
  run -0 pyxis create way2.sqsh
  local first
  run -0 pyxis start way
  first=$output
  run -0 pyxis start way2.sqsh
  assert_equal "$output" "$first"
  run -0 inside way2.sqsh etc/rc
  assert_line --index 0 "# enroot-provenance: docker://$REGISTRY/static:latest"
  run -0 pyxis remove -f way way2
}

@test "export: files that the user's modes forbid to him are in it" {
  run -0 pyxis load -n closed "$REGISTRY/busybox"
  run -0 pyxis start -w closed sh -c 'mkdir /x && echo hidden >/x/file && chmod 0 /x/file /x'
  run -0 pyxis export closed
  run -0 inside closed.sqsh x/file
  assert_output hidden
  run -0 pyxis remove -f closed
}

@test "export to a full disk: the error names the file system, the old file stays" {
  run -0 pyxis create -n big zstd.sqsh
  make_small 1m
  echo old >small/image.sqsh
  chown "$PYXIS_TEST_USER:" small/image.sqsh
  run pyxis export -f -o small/image.sqsh big
  assert_only_error "small/image.sqsh" "No space left on device" "$TEST_HOME/small is too small for it"
  assert_equal "$(ls -A small)" image.sqsh
  assert_equal "$(<small/image.sqsh)" old
  run -0 pyxis remove -f big
}

@test "export: interrupted, it leaves nothing" {
  run -0 pyxis create -n slow zstd.sqsh
  head -c 300M /dev/urandom >"$(rootfs slow)/noise" && chown "$PYXIS_TEST_USER:" "$(rootfs slow)/noise"
  interrupt_at open '/noise$' "$(rootfs slow)" export -o slow.sqsh slow
  assert [ ! -e slow.sqsh ]
  run -0 pyxis remove -f slow
}
