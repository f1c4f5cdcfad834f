# Containers: made, started, looked at, entered, removed. One store for the whole file; each test has its containers.

load helpers

setup_file() {
  load helpers
  make_home
  pyxis pull "$REGISTRY/busybox"
  pyxis pull "$REGISTRY/static"
  pyxis load -n shared "$REGISTRY/busybox"
}
teardown_file() {
  load helpers
  remove_home
}
teardown() { assert_nothing_left; }

# --- load and names ---

@test "load: the default name is the image's, with + for / and the tag if one is given" {
  run -0 pyxis load "$REGISTRY/public/busybox"
  assert_output --partial "public+busybox"
  run -0 pyxis load "$REGISTRY/busybox:workdir"
  run -0 pyxis list
  assert_line public+busybox
  assert_line busybox+workdir
  run -0 pyxis remove -f public+busybox busybox+workdir
}

@test "load: an existing name is refused, and replaced with --force" {
  run -0 pyxis load -n again "$REGISTRY/busybox"
  run -0 pyxis start -w again touch /mark
  run pyxis load -n again "$REGISTRY/busybox"
  assert_only_error "container again exists already" "-f"
  run -0 pyxis start again test -e /mark
  run -0 pyxis load --force --name again "$REGISTRY/busybox"
  run -1 pyxis start again test -e /mark
  run -0 pyxis remove -f again
}

@test "names with blanks, colons, commas and letters beyond ASCII" {
  local name
  for name in 'a b' 'a:b,c\d' 'größe' '-dash' '$(touch x)' '.hidden'; do
    run -0 pyxis load "--name=$name" "$REGISTRY/busybox"
    run -0 pyxis list
    assert_line -- "$name"
    [[ $name == [-.]* ]] || run -0 pyxis start "$name" echo fine
    run -0 pyxis remove -f -- "$name"
  done
}

# --- what the command gets ---

@test "the exit status is the command's" {
  run -0 pyxis start shared true
  run -3 pyxis start shared sh -c 'exit 3'
  run -255 pyxis start shared sh -c 'exit 255'
  run -137 pyxis start shared sh -c 'kill -KILL $$'
  run -143 pyxis start shared sh -c 'kill -TERM $$'
}

@test "a command that is not there gives 127, one that cannot be executed 126, each with an error" {
  run -127 pyxis start shared no-such-command
  assert_output --regexp '^\[ERROR\] .*no-such-command.*not found in the container'
  run -127 pyxis start shared /no/such/command
  assert_output --regexp '^\[ERROR\] .*/no/such/command'
  run -126 pyxis start shared /etc/passwd
  assert_output --regexp '^\[ERROR\] .*/etc/passwd: Permission denied'
  run -126 pyxis start shared /etc
}

@test "a container that does not exist" {
  run pyxis start nothing true
  assert_only_error "no container named nothing" "pyxis list"
}

@test "arguments arrive as they are" {
  run -0 --separate-stderr pyxis start shared sh -c 'for argument; do printf "[%s]" "$argument"; done' - 'a b' '' '*' '$HOME' "it's" '"' $'two\nlines' '--rw' '-n' '\' 'größe' '--'
  assert_output "[a b][][*][\$HOME][it's][\"][two"$'\n'"lines][--rw][-n][\\][größe][--]"
}

@test "stdin, stdout and stderr are the caller's" {
  run -0 --separate-stderr bash -c 'seq 100000 | "$@"' - setpriv --reuid "$PYXIS_TEST_USER" --regid "$PYXIS_TEST_USER" --clear-groups \
    env HOME="$TEST_HOME" ENROOT_RUNTIME_PATH="$TEST_HOME/run" "$PYXIS" start shared sh -c 'echo complaint >&2; md5sum'
  assert_output --partial "$(seq 100000 | md5sum | cut -d' ' -f1)"
  assert_equal "$stderr" complaint
}

@test "the caller's limits and umask hold inside" {
  run -0 bash -c 'ulimit -n 100; umask 027; "$@"' - setpriv --reuid "$PYXIS_TEST_USER" --regid "$PYXIS_TEST_USER" --clear-groups \
    env HOME="$TEST_HOME" ENROOT_RUNTIME_PATH="$TEST_HOME/run" "$PYXIS" start shared sh -c 'ulimit -n; umask'
  assert_output $'100\n0027'
}

@test "the command has the caller's descriptors, and none of the engine's" {
  local outside
  outside=$(as_user sh -c 'ls /proc/self/fd | wc -l' 3>&-)
  run -0 pyxis start shared sh -c 'ls /proc/self/fd | wc -l'
  assert_output "$outside"
}

@test "the user is himself, with name, group and home" {
  run -0 pyxis start shared sh -c 'id -u; id -g; whoami; echo $HOME; cd; pwd'
  assert_output "$(id -u "$PYXIS_TEST_USER")"$'\n'"$(id -g "$PYXIS_TEST_USER")"$'\n'"$PYXIS_TEST_USER"$'\n'"$TEST_HOME"$'\n'"$TEST_HOME"
}

@test "-r: the user is root, and files of his stay his" {
  run -0 pyxis start -r -w shared sh -c 'id -u; id -g; whoami; echo $HOME; touch /by-root; chown root /by-root'
  assert_output $'0\n0\nroot\n/root'
  run -0 stat -c %U "$(store)"/containers/*/shared/upper/by-root
  assert_output "$PYXIS_TEST_USER"
  run -0 pyxis start shared stat -c %u /by-root
  assert_output "$(id -u "$PYXIS_TEST_USER")"
}

@test "capabilities: none for oneself, all within the container for root" {
  run -0 pyxis start shared sed -n 's/^CapEff:\t//p' /proc/self/status
  assert_output 0000000000000000
  run -0 pyxis start -r shared sed -n 's/^CapEff:\t//p' /proc/self/status
  refute_output 0000000000000000
  run pyxis start -r shared sh -c 'echo x >/proc/sys/kernel/hostname'
  assert_failure
}

@test "the root is read-only, unless -w or ENROOT_ROOTFS_WRITABLE says otherwise" {
  run -1 pyxis start shared touch /not-here
  assert_output --partial "Read-only file system"
  run -0 pyxis start -w shared touch /here
  run -0 pyxis ENROOT_ROOTFS_WRITABLE=yes start shared touch /here-too
  run -0 pyxis start shared ls /here /here-too
}

@test "changes stay in the container, and never reach the layers or another container" {
  run -0 pyxis load -n one "$REGISTRY/busybox"
  run -0 pyxis load -n two "$REGISTRY/busybox"
  local before
  before=$(tree_digest "$(store)/layers")
  run -0 pyxis start -w one sh -exc 'echo changed >>/etc/os-release; rm /bin/ls /etc/group; mkdir /new; echo x >/new/file; chmod 700 /bin
    rm -r /home; mkdir /home; echo y >/home/only'
  run -0 pyxis start one sh -exc 'cat /new/file; tail -n 1 /etc/os-release; stat -c %a /bin; test ! -e /bin/ls; test ! -e /home/guest; cat /home/only'
  assert_line x
  assert_line changed
  assert_line 700
  assert_line y
  assert_equal "$(tree_digest "$(store)/layers")" "$before"
  run -0 pyxis start two sh -exc 'ls -d /bin/ls /home/guest; test ! -e /new; ! grep changed /etc/os-release'
  run -0 pyxis remove -f one two
}

# --- environment and working directory ---

@test "the image's variables, over the caller's" {
  run -0 pyxis IMAGE_VARIABLE=caller MINE=mine start shared sh -c 'echo "$IMAGE_VARIABLE|$MINE|$PATH"'
  assert_output "from the image|mine|/usr/local/bin:/usr/bin:/bin"
}

@test "variables with odd values arrive whole" {
  run -0 pyxis load -n variables "$REGISTRY/busybox:env"
  run -0 pyxis start variables sh -c 'printf "[%s]" "$EMPTY" "$SPACES" "$EQUALS" "$QUOTES" "$DOLLAR" "$LINES"'
  assert_output "[][a  b ][a=b=c]['\"][\$HOME][1"$'\n'"2]"
  run -0 pyxis remove -f variables
}

@test "-e sets, overrides, empties, and passes the caller's on" {
  run -0 pyxis PASSED='a b' IMAGE_VARIABLE=caller start -e NEW=1 -e IMAGE_VARIABLE -e EMPTY= --env EQUALS=a=b -e PASSED -e ABSENT shared \
    sh -c 'echo "$NEW|$IMAGE_VARIABLE|$EMPTY|$EQUALS|$PASSED|${ABSENT-unset}"'
  assert_output "1|caller||a=b|a b|unset"
}

@test "the image's working directory is made in what is mounted over it, too" {
  run -0 pyxis load -n covered "$REGISTRY/busybox:workdir"
  run -0 pyxis start -m tmpfs:/made:tmpfs:x-create=dir covered pwd
  assert_output /made/for/work
  run -0 pyxis remove -f covered
}

@test "the image's working directory, made if need be" {
  run -0 pyxis load -n workdir "$REGISTRY/busybox:workdir"
  run -0 pyxis start workdir pwd
  assert_output /made/for/work
  run -0 pyxis remove -f workdir
}

@test "an image of one static program: no shell, no /etc, no directory for mounts" {
  run -0 pyxis load -n static "$REGISTRY/static"
  run -0 pyxis start static one 'two three'
  assert_line "arguments: [one] [two three]"
  assert_line "cwd: /srv"
  assert_line "IMAGE_VARIABLE: from the image"
  assert_line "uid: $(id -u "$PYXIS_TEST_USER")"
  run -7 pyxis start -e EXIT_STATUS=7 static
  run -0 pyxis start -r static
  assert_line "uid: 0"
  run -0 pyxis remove -f static
}

# --- mounts ---

@test "the kernel's file systems and the host's identity are inside" {
  run -0 pyxis start shared sh -c 'ls -d /proc/self /sys/kernel /dev/null /dev/shm; cmp /etc/hosts - && cat /etc/hostname' </etc/hosts
  assert_line "$(</etc/hostname)"
  run -1 pyxis start -w shared sh -c 'echo x >>/etc/hosts'
  run -0 pyxis start shared sh -c 'echo discarded >/dev/null; head -c 4 /dev/zero | wc -c'
  assert_output 4
}

@test "-m: directories and files of the host, read-only and not, tmpfs" {
  as_user mkdir -p "$TEST_HOME/data"
  as_user tee "$TEST_HOME/data/file" >/dev/null <<<text
  run -0 pyxis start -m "$TEST_HOME/data:/mnt/deep/data" shared sh -c 'cat /mnt/deep/data/file; echo more >>/mnt/deep/data/file'
  assert_output text
  assert_equal "$(<"$TEST_HOME/data/file")" $'text\nmore'
  run -1 pyxis start -m "$TEST_HOME/data:/data:none:x-create=dir,rbind,ro" shared touch /data/new
  assert_output --partial "Read-only file system"
  run -0 pyxis start -m "$TEST_HOME/data/file:/etc/file" -m tmpfs:/scratch:tmpfs:x-create=dir shared sh -c 'head -n 1 /etc/file; touch /scratch/x; grep " /scratch tmpfs" /proc/mounts'
  assert_line text
}

@test "-m: a missing source is named, unless it is nofail; a target cannot leave the container" {
  run pyxis start -m /no/such/source:/mnt shared true
  assert_only_error "source path does not exist: /no/such/source" nofail
  run -0 pyxis start -m /no/such/source:/mnt:none:x-create=auto,rbind,nofail shared true
  local target
  for target in "/../../../..$TEST_HOME/pyxis-escape-mount" /mnt/../../mnt; do
    run pyxis start -w -m "$TEST_HOME:$target:none:x-create=dir,rbind" shared true
    assert_only_error "$target" "leads out of the container" "name a target inside"
  done
  refute [ -e "$TEST_HOME/pyxis-escape-mount" ]
}

@test "mounts end with the container, and are not seen outside" {
  start_background shared -m tmpfs:/scratch:tmpfs:x-create=dir
  run grep -F "$TEST_HOME" /proc/self/mountinfo
  assert_failure
  end_background
}

# --- namespaces ---

@test "--net, --ipc and --uts give namespaces of one's own; without them they are the host's" {
  local kind
  for kind in net ipc uts; do
    run -0 pyxis start shared readlink /proc/self/ns/$kind
    assert_output "$(readlink /proc/self/ns/$kind)"
    run -0 pyxis start --$kind shared readlink /proc/self/ns/$kind
    refute_output "$(readlink /proc/self/ns/$kind)"
  done
  run -0 pyxis start --net shared sh -c 'ip -o link | wc -l; ping -c1 -w5 127.0.0.1 >/dev/null && echo up || ip link show lo | grep -c UP'
  assert_line --index 0 1
}

@test "user and mount namespaces are the container's" {
  local kind
  for kind in user mnt; do
    run -0 pyxis start shared readlink /proc/self/ns/$kind
    refute_output "$(readlink /proc/self/ns/$kind)"
  done
}

@test "user namespaces switched off: the knob is named" {
  # In a user namespace of its own, where none more may be made.
  without_namespaces() {
    as_user unshare --user --map-current-user --keep-caps sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"' - "$@"
  }
  run without_namespaces "$PYXIS" start shared true
  assert_only_error "user.max_user_namespaces is 0" "an administrator can set it"
  # Importing needs none.
  run -0 without_namespaces "$PYXIS" pull "$REGISTRY/busybox"
}

# --- running containers ---

@test "a second start is one of its own, on the same files" {
  start_background shared -w
  run -0 pyxis start -w -e GIVEN=second -m tmpfs:/own:tmpfs:x-create=dir shared \
    sh -c 'echo "$GIVEN" >/second; grep -c " /own " /proc/mounts; readlink /proc/self/ns/mnt'
  assert_line --index 0 1
  refute_line --index 1 "$(readlink "/proc/$(running_process shared)/ns/mnt")"
  # A third one, whose command is another, is listed beside the first.
  mkfifo "$BATS_TEST_TMPDIR/third" "$BATS_TEST_TMPDIR/end"
  local third end
  exec {end}<>"$BATS_TEST_TMPDIR/end"
  pyxis start shared sh -c 'echo ready; exec cat >/dev/null' >"$BATS_TEST_TMPDIR/third" <"$BATS_TEST_TMPDIR/end" {end}>&- &
  third=$!
  read -r -t 60 <"$BATS_TEST_TMPDIR/third"
  run -0 pyxis list -f
  assert_equal "$(grep -cE '^(shared)? +[0-9]+ +cat ' <<<"$output")" 2
  exec {end}>&-
  wait "$third"
  run -0 pyxis exec "$(running_process shared)" sh -c 'cat /second; grep -c " /own " /proc/mounts || true'
  assert_output $'second\n0'
  end_background
  run -0 pyxis start -w shared rm /second
  run -0 pyxis list -f
  assert_line shared
}

@test "list -f shows the processes with their namespaces" {
  run -0 pyxis load -n resting "$REGISTRY/busybox"
  run -0 pyxis list --fancy
  assert_line --index 0 --regexp '^NAME +PID +COMM +STATE +STARTED +TIME +MNTNS +USERNS +COMMAND$'
  assert_line resting
  assert_line shared
  start_background shared
  local mount user
  mount=$(readlink "/proc/$(running_process shared)/ns/mnt" | tr -dc 0-9)
  user=$(readlink "/proc/$(running_process shared)/ns/user" | tr -dc 0-9)
  run -0 pyxis list -f
  assert_line resting
  assert_line --regexp "^shared +[0-9]+ +cat +S +[A-Z][a-z]{2}[0-9]{2} [0-9:]{5} +00:00:[0-9]{2} +$mount +$user +cat$"
  assert_equal "$(wc -l <<<"$output")" 3
  end_background
  run -0 pyxis remove -f resting
}

@test "list -f: further processes of one container have an empty name" {
  background_script='exec 3<&0; cat <&3 >/dev/null & echo ready; wait'
  start_background shared
  run -0 pyxis list -f
  assert_equal "$(grep -c '^shared ' <<<"$output")" 1
  assert_line --regexp '^ +[0-9]+ +cat '
  end_background
}

@test "exec: in the container and the environment of a running process" {
  start_background shared -e SPECIAL=yes
  local pid
  pid=$(running_process shared)
  run -0 pyxis exec "$pid" sh -c 'echo "$SPECIAL|$IMAGE_VARIABLE"; readlink /proc/self/ns/mnt'
  assert_line "yes|from the image"
  assert_line "$(readlink "/proc/$pid/ns/mnt")"
  run -0 pyxis CALLER=caller SPECIAL=caller exec -e SPECIAL=no -e CALLER -e ABSENT "$pid" sh -c 'echo "$SPECIAL|$CALLER|${ABSENT-unset}"'
  assert_output 'no|caller|unset'
  run -5 pyxis exec "$pid" sh -c 'exit 5'
  run -127 pyxis exec "$pid" no-such-command
  run -0 pyxis exec "$pid" cat <<<input
  assert_output input
  end_background
}

@test "exec: as root in a container where one is root" {
  start_background shared -r
  local pid
  pid=$(running_process shared)
  run -0 pyxis exec "$pid" sh -c 'id -u; sed -n "s/^CapEff:\t//p" /proc/self/status'
  assert_line --index 0 0
  refute_line 0000000000000000
  end_background
}

@test "exec: processes that are no container's, another user's, or gone" {
  run pyxis exec $$ true
  assert_only_error "$$"
  run pyxis exec 1 true
  assert_only_error "process 1"
  run pyxis exec 4194304 true
  assert_only_error 4194304
  run pyxis exec 1
  assert_one_error
}

@test "a signal to the prompt reaches the command" {
  background_script='trap "exit 9" TERM; exec 3<&0; cat <&3 >/dev/null & echo ready; wait'
  start_background shared
  kill -TERM "$(prompt_process)"
  local status=0
  wait "$background" || status=$?
  exec {background_input}>&-
  assert_equal "$status" 9
}

# --- removal ---

@test "remove asks, and takes only yes for an answer" {
  run -0 pyxis load -n asked "$REGISTRY/busybox"
  run -0 pyxis remove asked <<<n
  assert_output --partial "[y/N]"
  run -0 pyxis remove asked </dev/null
  run -0 pyxis list
  assert_line asked
  run -0 pyxis remove asked <<<y
  run -0 pyxis list
  refute_line asked
}

@test "remove -f: several at once, and whatever modes their files have" {
  run -0 pyxis load -n one "$REGISTRY/busybox"
  run -0 pyxis load -n two "$REGISTRY/busybox"
  run -0 pyxis start -w one sh -c 'mkdir -p /closed/inner; touch /closed/inner/file; chmod 000 /closed/inner /closed'
  run -0 pyxis remove -f one two
  run -0 pyxis list
  refute_line one
  refute_line two
}

@test "remove: what is not there is named" {
  run pyxis remove -f nothing
  assert_only_error "no container named nothing"
}

@test "a running container is not removed, nor replaced" {
  start_background shared
  run pyxis remove -f shared
  assert_only_error "container shared is running"
  run pyxis load -f -n shared "$REGISTRY/busybox"
  assert_only_error "container shared is running"
  end_background
  run -0 pyxis start shared true
}

# --- killed ---

@test "kill -9 of the prompt ends the command and leaves the container at rest" {
  start_background shared
  local process victims
  victims=$(processes_of_test)
  kill -KILL "$(prompt_process)"
  wait "$background" || true
  for process in $victims; do await_end "$process"; done
  exec {background_input}>&-
  run -0 pyxis start shared true
}

@test "kill -9 of the supervisor: the command goes on, and the next start works" {
  start_background shared
  local process
  for process in $(processes_of_test); do
    [[ $(cat "/proc/$process/comm") != pyxis-container ]] || kill -KILL "$process"
  done
  run -0 pyxis start shared true
  end_background
  run -0 pyxis start shared true
}
