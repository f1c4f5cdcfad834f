# What a container starts with: the image's entry point and default command, rc scripts, rc.local, login shells.

load helpers

setup_file() {
  load helpers
  make_home
  pyxis load -n shell "$REGISTRY/busybox"
  pyxis load -n entrypoint "$REGISTRY/busybox:entrypoint"
  pyxis load -n cmd "$REGISTRY/busybox:cmd"
  pyxis load -n workdir "$REGISTRY/busybox:workdir"
  pyxis load -n static "$REGISTRY/static"
}
teardown_file() {
  load helpers
  remove_home
}
teardown() { assert_nothing_left; }

script() { # NAME < TEXT
  as_user tee "$TEST_HOME/$1" >/dev/null
}

inside() { # CONTAINER SCRIPT: changes it by a shell, whatever it starts with else
  script change.sh <<<"$2"
  pyxis start --rw --rc "$TEST_HOME/change.sh" "$1"
}

# --- entry point and default command -------------------------------------------------------------------

@test "an entry point gets the command as arguments, or the image's default" {
  run -0 pyxis start entrypoint echo mine
  assert_output $'entrypoint: echo mine\nmine'
  run -0 pyxis start entrypoint
  assert_output $'entrypoint: echo default\ndefault'
  run -0 pyxis start cmd
  assert_output 'the default command'
  run -0 pyxis start cmd echo mine
  assert_output mine
}

@test "an image without a shell: its entry point is executed itself" {
  run -0 pyxis start static one 'two three'
  assert_line 'arguments: [one] [two three]'
  assert_line 'cwd: /srv'
  run -0 pyxis start static
  assert_line 'arguments:'
}

@test "an entry point that is not there gives 127, one that cannot be executed 126, each with an error" {
  pyxis load -n broken "$REGISTRY/busybox:entrypoint"
  inside broken 'chmod -x /entrypoint'
  run -126 pyxis start broken true
  assert_output '[ERROR] execute /entrypoint: Permission denied'
  inside broken 'rm /entrypoint'
  run -127 pyxis start broken true
  assert_output '[ERROR] execute /entrypoint: No such file or directory'
  run -0 pyxis remove -f broken
}

# --- rc scripts ----------------------------------------------------------------------------------------

@test "--rc: a script that gets the command, instead of the image's entry point" {
  script rc <<<'echo "rc with $# in $PWD: $*"; export FROM_RC=yes; [ $# -eq 0 ] || exec "$@"'
  run -0 pyxis start --rc "$TEST_HOME/rc" entrypoint sh -c 'echo "$FROM_RC"'
  assert_output $'rc with 3 in /: sh -c echo "$FROM_RC"\nyes'
  run -0 pyxis start --rc "$TEST_HOME/rc" workdir
  assert_output 'rc with 0 in /made/for/work: '
  script rc <<<'exit 7'
  run -7 pyxis start --rc "$TEST_HOME/rc" shell true
  assert_output ''
}

@test "--rc: the script is not in the container, and nothing of it stays" {
  script rc <<<'ls /etc/rc || exec "$@"'
  run -0 pyxis start -w --rc "$TEST_HOME/rc" shell echo done
  assert_line done
  run -0 pyxis start shell find /etc -name 'rc*'
  assert_output ''
}

@test "--rc: no such file, and an image without a shell" {
  run pyxis start --rc /no/such/rc shell true
  assert_only_error 'rc script: /no/such/rc: No such file or directory'
  script rc <<<'exec "$@"'
  run pyxis start --rc "$TEST_HOME/rc" static one
  assert_only_error 'the given rc script cannot be run: there is no /bin/sh in the image' 'without --rc'
}

@test "rc.local is read before the entry point, and before a command alone" {
  pyxis load -n local "$REGISTRY/busybox:entrypoint"
  inside local 'echo "echo local; export LOCAL=yes; cd /tmp" >/etc/rc.local'
  run -0 pyxis start local sh -c 'echo "$LOCAL in $PWD"'
  assert_output $'local\nentrypoint: sh -c echo "$LOCAL in $PWD"\nyes in /tmp'
  run -0 pyxis start local
  assert_output $'local\nentrypoint: echo default\ndefault'
  inside local ': >/etc/rc.local'
  run -0 pyxis start local true
  assert_output 'entrypoint: true'
  run -0 pyxis remove -f local
  pyxis load -n local "$REGISTRY/busybox:workdir"
  inside local 'echo "echo local in \$PWD" >/etc/rc.local'
  run -0 pyxis start local echo done
  assert_output $'local in /made/for/work\ndone'
  run -0 pyxis remove -f local
}

@test "the shell reads /etc/profile, unless ENROOT_LOGIN_SHELL is off" {
  pyxis load -n login "$REGISTRY/busybox:workdir"
  inside login 'echo "export PROFILE=read" >/etc/profile'
  run -0 pyxis start login sh -c 'echo "${PROFILE-unread} in $PWD"'
  assert_output 'read in /made/for/work'
  run -0 pyxis ENROOT_LOGIN_SHELL=no start login sh -c 'echo "${PROFILE-unread} in $PWD"'
  assert_output 'unread in /made/for/work'
  run -0 pyxis start login <<<'echo "${PROFILE-unread}"'
  assert_output /made/for/work  # its default command
  script rc <<<'echo "rc: ${PROFILE-unread}"'
  run -0 pyxis start --rc "$TEST_HOME/rc" login
  assert_output 'rc: read'
  run -0 pyxis ENROOT_LOGIN_SHELL=no start --rc "$TEST_HOME/rc" login
  assert_output 'rc: unread'
  run -5 pyxis start login sh -c 'exit 5'
  run -127 pyxis start login no-such-command
  assert_output --partial no-such-command
  run -0 pyxis remove -f login
}

@test "arguments arrive as they are, also through a shell" {
  pyxis load -n words "$REGISTRY/busybox:entrypoint"
  inside words 'echo : >/etc/rc.local; echo "exec \"\$@\"" | sed "1i #!/bin/sh" >/entrypoint'
  run -0 --separate-stderr pyxis start words sh -c 'for argument; do printf "[%s]" "$argument"; done' - \
    'a b' '' '*' '$HOME' "it's" '"' $'two\nlines' '--rw' '\' 'größe' '--'
  assert_output "[a b][][*][\$HOME][it's][\"][two"$'\n'"lines][--rw][\\][größe][--]"
  run -0 pyxis remove -f words
}

# --- an image's own rc ---------------------------------------------------------------------------------

# Everybody can open /dev/fuse where udev has made it; where it has not, for this test.
with_fuse() {
  mknod -m 666 "$BATS_TEST_TMPDIR/fuse" c 10 229
  wrapped=(unshare --mount --propagation slave sh -c 'mount --bind "$0" /dev/fuse && exec "$@"' "$BATS_TEST_TMPDIR/fuse")
}

# An image file as others make it: nothing but its files says what it runs.
image_file() { # RC
  local tree=$BATS_TEST_TMPDIR/tree
  mkdir -p "$tree"/{bin,etc,proc,sys,dev,tmp,work}
  cp /bin/busybox "$tree/bin/"
  chroot "$tree" /bin/busybox --install -s /bin
  echo PATH=/bin >"$tree/etc/environment"
  [[ -z $1 ]] || printf '%s\n' "$1" >"$tree/etc/rc"
  mksquashfs "$tree" "$TEST_HOME/image.sqsh" -comp gzip -noappend -quiet -no-progress
}

@test "an image file's own rc runs, with the command and without; --rc replaces it" {
  with_fuse
  image_file $'cd /work || exit 1\nexport FROM_RC=yes\n[ $# -gt 0 ] && exec "$@"\necho nothing to do'
  run -0 pyxis start "$TEST_HOME/image.sqsh" sh -c 'echo "$FROM_RC in $PWD"'
  assert_output 'yes in /work'
  run -0 pyxis start "$TEST_HOME/image.sqsh"
  assert_output 'nothing to do'
  script rc <<<'echo "mine: $*"'
  run -0 pyxis start --rc "$TEST_HOME/rc" "$TEST_HOME/image.sqsh" a b
  assert_output 'mine: a b'
  rm "$TEST_HOME/image.sqsh"
}

@test "an image that says nothing starts with a shell" {
  with_fuse
  image_file ''
  run -0 pyxis start "$TEST_HOME/image.sqsh" <<<'echo from the shell'
  assert_output 'from the shell'
  run -0 pyxis start "$TEST_HOME/image.sqsh" echo mine
  assert_output mine
  rm "$TEST_HOME/image.sqsh"
}

# --- a running container -------------------------------------------------------------------------------

@test "a second start beside a running container starts the same way" {
  start_background shell
  beside_running() { pyxis start --rc "$TEST_HOME/rc" "$@"; }
  script rc <<<'echo "rc: $*"; exec "$@"'
  run -0 beside_running -e A=given shell sh -c 'echo "$A"'
  assert_output $'rc: sh -c echo "$A"\ngiven'
  end_background
}

# --- namespaces ----------------------------------------------------------------------------------------

@test "--pid: process numbers of one's own, for all processes of the container" {
  run -0 pyxis start --pid shell sh -c 'readlink /proc/self/ns/pid; ps | wc -l; echo $$'
  refute_line "$(readlink /proc/self/ns/pid)"
  assert [ "${lines[2]}" -lt 10 ]
  run -0 pyxis ENROOT_UNSHARE_PID=yes start shell readlink /proc/self/ns/pid
  refute_output "$(readlink /proc/self/ns/pid)"
  run -3 pyxis start --pid shell sh -c 'exit 3'
  run -0 pyxis start shell readlink /proc/self/ns/pid
  assert_output "$(readlink /proc/self/ns/pid)"
}

@test "--pid: list and exec find the processes by the host's numbers; all end with the command" {
  background_script='sleep 1000 & echo ready; exec cat >/dev/null'
  start_background shell --pid
  run -0 pyxis list -f
  assert_equal "$(grep -cE ' (cat|sleep) +S ' <<<"$output")" 2
  refute_output --partial pyxis
  local pid namespace
  pid=$(sed -nE 's/^shell +([0-9]+) .*/\1/p' <<<"$output")
  namespace=$(readlink "/proc/$pid/ns/pid")
  run -0 pyxis exec "$pid" readlink /proc/self/ns/pid
  assert_output "$namespace"
  end_background
  run -0 pyxis start shell true
}

@test "ENROOT_UNSHARE_NET, _IPC and _UTS" {
  local kind
  for kind in net ipc uts; do
    run -0 pyxis "ENROOT_UNSHARE_${kind^^}=yes" start shell readlink /proc/self/ns/$kind
    refute_output "$(readlink /proc/self/ns/$kind)"
    run -0 pyxis "ENROOT_UNSHARE_${kind^^}=no" start shell readlink /proc/self/ns/$kind
    assert_output "$(readlink /proc/self/ns/$kind)"
  done
}
