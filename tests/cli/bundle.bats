# Bundles: image files as programs, which run where nothing of ours is.

load helpers

setup_file() {
  load helpers
  make_home
  mknod -m 666 "$BATS_FILE_TMPDIR/fuse" c 10 229
  make_image
  pyxis bundle -o "$TEST_HOME/plain.run" "$TEST_HOME/image.sqsh"
}
# Everybody can open /dev/fuse where udev has made it; where it has not, for these tests.
setup() {
  wrapped=(unshare --mount --propagation slave sh -c 'mount --bind "$0" /dev/fuse && exec "$@"' "$BATS_FILE_TMPDIR/fuse")
  as_user mkdir -p "$TEST_HOME/tmp" "$(store)/tmp"
}
teardown_file() {
  load helpers
  remove_home
}
teardown() {
  assert_nothing_left
  assert_equal "$(ls -A "$TEST_HOME/tmp")" ''
}

make_image() {
  local tree=$BATS_FILE_TMPDIR/tree
  mkdir -p "$tree"/{bin,etc,proc,sys,dev,tmp,srv}
  cp /bin/busybox "$tree/bin/"
  chroot "$tree" /bin/busybox --install -s /bin
  printf '%s\n' PATH=/bin 'GREETING=hello there' >"$tree/etc/environment"
  printf '%s\n' 'cd /srv || exit 1' 'if [ $# -gt 0 ]; then exec "$@"; else echo "nothing to do"; fi' >"$tree/etc/rc"
  seq 100000 >"$tree/srv/long"
  mkdir "$tree/srv/closed" && echo inside >"$tree/srv/closed/file" && chmod 0 "$tree/srv/closed"
  mksquashfs "$tree" "$TEST_HOME/image.sqsh" -comp zstd -noappend -quiet -no-progress
}

# The bundle as a program of the user's.
run_bundle() { # [VARIABLE=value...] NAME [ARGUMENT...]
  local settings=()
  while [[ $1 == [A-Z_]*=* ]]; do
    settings+=("$1")
    shift
  done
  as_user TMPDIR="$TEST_HOME/tmp" "${settings[@]}" "$TEST_HOME/$1" "${@:2}" 3>&-
}

@test "it runs the image: environment, working directory, arguments, status" {
  run -0 run_bundle plain.run sh -c 'echo "$GREETING from $PWD"; wc -l <long'
  assert_output $'hello there from /srv\n100000'
  run -0 run_bundle plain.run
  assert_output 'nothing to do'
  run -7 run_bundle plain.run sh -c 'exit 7'
  run -127 run_bundle plain.run no-such-command
}

@test "the options of start; changes are dropped" {
  as_user tee "$TEST_HOME/config" >/dev/null <<<'environ() { echo FROM_CONFIG=yes; }'
  as_user tee "$TEST_HOME/rc" >/dev/null <<<'echo "rc: $*"; exec "$@"'
  run -0 run_bundle plain.run -r -w -c "$TEST_HOME/config" -e A=given -m "$TEST_HOME:/mnt" --rc "$TEST_HOME/rc" \
    sh -c 'id -u; echo "$A $FROM_CONFIG"; ls /mnt/plain.run; touch /new && ls /new'
  assert_line 0
  assert_line 'given yes'
  assert_line /mnt/plain.run
  assert_line /new
  run -1 run_bundle plain.run -w ls /new
  run -1 run_bundle plain.run touch /new
  run -0 run_bundle ENROOT_REMAP_ROOT=yes plain.run id -u
  assert_output 0
}

@test "on a machine that has none of our files, and not even a C library" {
  other_machine() { # SCRIPT
    unshare --mount --propagation private sh -ec '
      mount -t tmpfs -o mode=755 tmpfs "$0" && cd "$0"
      mkdir bin proc dev sys etc tmp old && chmod 1777 tmp
      cp /bin/busybox bin && chroot . /bin/busybox --install -s /bin
      grep "^$2:" /etc/passwd >etc/passwd && grep "^$2:" /etc/group >etc/group
      for directory in proc dev sys; do mount --rbind "/$directory" "$directory"; done
      mount --bind "$3" dev/fuse
      cp "$4" tmp/bundle
      pivot_root . old
      PATH=/bin
      umount -l /old
      cd /
      exec su "$2" -s /bin/sh -c "$1"' "$BATS_TEST_TMPDIR" "$1" "$PYXIS_TEST_USER" "$BATS_FILE_TMPDIR/fuse" "$TEST_HOME/plain.run" 3>&-
  }
  run -0 other_machine 'ls -d /lib* /usr /etc/enroot 2>/dev/null; /tmp/bundle sh -c "echo \"\$GREETING\"; id -un; tail -n 1 long"; ls /tmp'
  assert_output "hello there"$'\n'"$PYXIS_TEST_USER"$'\n100000\nbundle'
}

@test "it is an image file, too: for start, and for other tools" {
  run -0 pyxis start "$TEST_HOME/plain.run" sh -c 'echo "$GREETING"'
  assert_output 'hello there'
  local offset
  offset=$(LC_ALL=C grep -abo hsqs "$TEST_HOME/plain.run" | cut -d: -f1 | while read -r place; do ((place % 4096)) || echo "$place"; done | tail -n 1)
  run -0 unsquashfs -o "$offset" -cat "$TEST_HOME/plain.run" etc/environment
  assert_line 'GREETING=hello there'
}

@test "default name, an existing one, --force" {
  as_user mkdir "$TEST_HOME/here"
  run -0 as_user sh -c 'cd here && "$0" bundle ../image.sqsh' "$PYXIS"
  assert_output '[INFO] Bundle image.run is ready'
  assert [ -x "$TEST_HOME/here/image.run" ]
  run as_user sh -c 'cd here && "$0" bundle ../image.sqsh' "$PYXIS"
  assert_only_error 'image.run exists already' -f
  run -0 as_user sh -c 'cd here && "$0" bundle -f ../image.sqsh' "$PYXIS"
  run -0 as_user ENROOT_FORCE_OVERRIDE=yes sh -c 'cd here && "$0" bundle ../image.sqsh' "$PYXIS"
  rm -r "$TEST_HOME/here"
}

@test "--desc and --info" {
  run -0 pyxis bundle -d 'A test of bundles' -t /there -o "$TEST_HOME/described.run" "$TEST_HOME/image.sqsh"
  run -0 run_bundle described.run --info
  assert_line --regexp '^Image +image$'
  assert_line --regexp '^Description +A test of bundles$'
  assert_line --regexp '^Target +/there$'
  assert_line --regexp '^Checksum +-$'
  run -0 run_bundle described.run --help
  assert_line --index 0 'A test of bundles'
  assert_line --regexp '^Usage: described.run '
  rm "$TEST_HOME/described.run"
}

@test "--checksum: what is damaged does not run" {
  run -0 pyxis bundle -c -o "$TEST_HOME/sum.run" "$TEST_HOME/image.sqsh"
  run -0 run_bundle sum.run --verify
  run -0 run_bundle sum.run echo fine
  assert_output fine
  run -0 run_bundle sum.run -i
  assert_line --regexp '^Checksum +sha256:[0-9a-f]{64}$'
  local size
  size=$(stat -c %s "$TEST_HOME/sum.run")
  printf X | dd of="$TEST_HOME/sum.run" bs=1 seek=$((size - 20000)) conv=notrunc status=none
  run run_bundle sum.run echo fine
  assert_only_error "$TEST_HOME/sum.run is damaged" 'copy it anew'
  run run_bundle sum.run --verify
  assert_only_error "$TEST_HOME/sum.run is damaged"
  run run_bundle plain.run --verify
  assert_only_error 'has no checksum' '--checksum'
  run -0 pyxis ENROOT_BUNDLE_CHECKSUM=yes bundle -f -o "$TEST_HOME/sum.run" "$TEST_HOME/image.sqsh"
  run -0 run_bundle sum.run --verify
  rm "$TEST_HOME/sum.run"
}

@test "--checksum: it is that of the hooks in it, too" {
  local site=$TEST_HOME/site place
  as_user mkdir -p "$site/hooks.d"
  as_user tee "$site/hooks.d/10.sh" >/dev/null <<<$'#!/bin/sh\necho "a hook"'
  as_user chmod 755 "$site/hooks.d/10.sh"
  run -0 pyxis ENROOT_SYSCONF_PATH="$site" bundle -a -c -o "$TEST_HOME/sum.run" "$TEST_HOME/image.sqsh"
  run -0 run_bundle sum.run echo fine
  assert_output $'[INFO] 10.sh: a hook\nfine'
  place=$(LC_ALL=C grep -abo 'echo "a hook"' "$TEST_HOME/sum.run" | tail -n 1 | cut -d: -f1)
  printf 'echo "A HOOK"' | dd of="$TEST_HOME/sum.run" bs=1 seek="$place" conv=notrunc status=none
  run run_bundle sum.run echo fine
  assert_only_error "$TEST_HOME/sum.run is damaged" 'copy it anew'
  run run_bundle sum.run --verify
  assert_only_error "$TEST_HOME/sum.run is damaged"
  rm -r "$TEST_HOME/sum.run" "$site"
}

@test "--all: configuration of the site and the user comes along" {
  local site=$TEST_HOME/site
  as_user mkdir -p "$site"/{environ.d,mounts.d,hooks.d} "$TEST_HOME/.config/enroot/environ.d"
  as_user tee "$site/environ.d/10.env" >/dev/null <<<'FROM_SITE=site'
  as_user tee "$site/mounts.d/50.fstab" >/dev/null <<<'tmpfs /scratch tmpfs x-create=dir'
  as_user tee "$site/enroot.conf" >/dev/null <<<'ENROOT_REMAP_ROOT yes'
  as_user tee "$site/hooks.d/10.sh" >/dev/null <<'END'
#!/bin/bash
set -eu
. "$ENROOT_LIBRARY_PATH/common.sh"
common::log INFO "hooked"
echo 'tmpfs /by-hook tmpfs x-create=dir' | enroot-mount --root "$ENROOT_ROOTFS" -
END
  as_user chmod 755 "$site/hooks.d/10.sh"
  as_user tee "$TEST_HOME/.config/enroot/environ.d/10.env" >/dev/null <<<'FROM_USER=user'
  run -0 pyxis ENROOT_SYSCONF_PATH="$site" bundle -a -o "$TEST_HOME/all.run" "$TEST_HOME/image.sqsh"
  run -0 pyxis ENROOT_SYSCONF_PATH="$site" ENROOT_BUNDLE_ALL=yes bundle -o "$TEST_HOME/all-too.run" "$TEST_HOME/image.sqsh"
  rm -r "$site" "$TEST_HOME/.config/enroot"
  assert_equal "$(run_bundle all.run --info)" "$(run_bundle all-too.run --info)"
  run -0 run_bundle all.run --info
  assert_line --regexp '^File +site/hooks.d/10.sh$'
  assert_line --regexp '^File +user/environ.d/10.env$'
  run -0 run_bundle all.run sh -c 'echo "$FROM_SITE $FROM_USER"; ls -d /scratch; grep -c " /by-hook tmpfs" /proc/mounts; id -u'
  assert_line '[INFO] 10.sh: hooked'
  assert_line 'site user'
  assert_line /scratch
  assert_line 1
  assert_line "$(id -u "$PYXIS_TEST_USER")"
  run -0 run_bundle plain.run sh -c 'echo "${FROM_SITE-none}"'
  assert_output none
  rm "$TEST_HOME"/all*.run
}

@test "--extract writes the files, --keep runs from the target and keeps changes there" {
  run -0 pyxis bundle -t "$TEST_HOME/target" -o "$TEST_HOME/target.run" "$TEST_HOME/image.sqsh"
  run -0 run_bundle target.run --extract
  assert_output "[INFO] Extracted to $TEST_HOME/target"
  assert_equal "$(stat -c %U "$TEST_HOME/target/srv/long")" "$PYXIS_TEST_USER"
  assert_equal "$(cat "$TEST_HOME/target/srv/closed/file")" inside
  run run_bundle target.run -x
  assert_only_error "$TEST_HOME/target is not empty" --target
  run -0 run_bundle target.run -x -t "$TEST_HOME/elsewhere"
  assert [ -e "$TEST_HOME/elsewhere/bin/busybox" ]
  as_user chmod -R u+rwX "$TEST_HOME/target" "$TEST_HOME/elsewhere" && rm -r "$TEST_HOME/target" "$TEST_HOME/elsewhere"
  run -0 run_bundle target.run --keep -w sh -c 'echo kept >/mark; echo "$GREETING from $PWD"'
  assert_output 'hello there from /srv'
  run -0 run_bundle target.run --keep cat /mark
  assert_output kept
  assert [ -e "$TEST_HOME/target/containers/$(hostname)/image/rootfs/mark" ]
  run -1 run_bundle target.run test -e /mark
  as_user chmod -R u+rwX "$TEST_HOME/target" && rm -r "$TEST_HOME/target" "$TEST_HOME/target.run"
}

@test "what is no image file is not made a bundle; a cut-off bundle does not run" {
  run pyxis bundle -o "$TEST_HOME/no.run" /etc/passwd
  assert_only_error 'image file /etc/passwd is no squashfs file'
  run pyxis bundle -o "$TEST_HOME/no.run" /no/such/file
  assert_only_error 'image file: /no/such/file: No such file or directory'
  refute [ -e "$TEST_HOME/no.run" ]
  head -c -100 "$TEST_HOME/plain.run" >"$TEST_HOME/cut.run" && chmod 755 "$TEST_HOME/cut.run"
  run run_bundle cut.run true
  assert_only_error 'is no bundle, or not a whole one'
  rm "$TEST_HOME/cut.run"
}

@test "one that is killed leaves nothing that the next does not clear up" {
  mkfifo -m 666 "$TEST_HOME/up"
  run_bundle plain.run -m "$TEST_HOME:/mnt" sh -c 'echo $$ >/mnt/up; exec sleep 1000' &
  local shell=$! inside parent
  read -r -t 60 inside <"$TEST_HOME/up"
  parent=$(sed -n 's/^PPid:\t//p' "/proc/$inside/status")
  kill -KILL "$parent"
  await_end "$inside"
  wait "$shell" || true
  assert [ -n "$(ls -A "$TEST_HOME/tmp")" ]
  run -0 run_bundle plain.run echo fine
  assert_output fine
  rm "$TEST_HOME/up"
}
