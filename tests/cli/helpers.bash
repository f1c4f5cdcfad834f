# What the command-line tests share: an ordinary user, a store of his own, and the registry's addresses.
#
# PYXIS           the program under test (scripts/check: the one built with sanitizers), reachable by the user
# PYXIS_TEST_USER the user the commands run as; root's own uid would hide every mistake about privilege

bats_load_library bats-support
bats_load_library bats-assert
bats_require_minimum_version 1.5.0

: "${PYXIS:?PYXIS must name the program under test}"
: "${PYXIS_TEST_USER:=alice}"
: "${REGISTRY:=127.0.0.1:5100}"
: "${REGISTRY_BASIC:=127.0.0.1:5101}"
: "${REGISTRY_TOKEN:=127.0.0.1:5102}"
: "${TOKEN_SERVER:=127.0.0.1:5103}"
: "${FAULTD:=127.0.0.1:5104}"
: "${FAULTD_OTHER:=127.0.0.1:5105}"

repo=$(realpath "$BATS_TEST_DIRNAME/../..")

# --- the user ---------------------------------------------------------------------------------------------

# TEST_HOME: his home for a test, or for a whole file (from setup_file).
make_home() {
  TEST_HOME=$(mktemp -d /var/tmp/pyxis-cli.XXXXXX)
  chown "$PYXIS_TEST_USER:" "$TEST_HOME"
  export TEST_HOME
}

# Returns when the process has ended, with a failure if that takes more than 20 seconds.
await_end() { # PID
  /usr/bin/python3 -c '
import os, select, sys
try:
    process = os.pidfd_open(int(sys.argv[1]))
except ProcessLookupError:
    sys.exit()
sys.exit(not select.select([process], [], [], 20)[0])' "$1"
}

# Nothing of a test outlives it: background commands are killed, containers end with the processes in them.
remove_home() {
  local process
  for process in $(processes_of_test); do kill -KILL "$process" 2>/dev/null || true; done
  for process in $(processes_of_test); do await_end "$process"; done
  rm -rf --one-file-system -- "$TEST_HOME"
}

# setup and teardown of tests with a registry that fails; they unmount what they have mounted themselves.
make_home_and_faults() {
  make_home
  fault reset
}
remove_home_and_faults() {
  fault release
  remove_home
}

# Runs a command as the test user, with nothing of our environment but what is given as NAME=value arguments. What
# `wrapped` holds comes between: a program of root's that executes the rest.
wrapped=()
as_user() {
  local settings=()
  while [[ $1 == [A-Z_a-z]*=* ]]; do
    settings+=("$1")
    shift
  done
  "${wrapped[@]}" setpriv --reuid "$PYXIS_TEST_USER" --regid "$PYXIS_TEST_USER" --clear-groups --no-new-privs -- \
    env -i -C "$TEST_HOME" HOME="$TEST_HOME" USER="$PYXIS_TEST_USER" PATH=/usr/bin:/bin ENROOT_RUNTIME_PATH="$TEST_HOME/run" \
    ASAN_OPTIONS="${ASAN_OPTIONS:-}" UBSAN_OPTIONS="${UBSAN_OPTIONS:-}" LSAN_OPTIONS="${LSAN_OPTIONS:-}" "${settings[@]}" "$@"
}

pyxis() {
  local settings=()
  while [[ $1 == [A-Z_a-z]*=* ]]; do
    settings+=("$1")
    shift
  done
  # Not bats's own descriptors: whoever held them would hold up the end of the run.
  as_user "${settings[@]}" "$PYXIS" "$@" 3>&-
}

# Writes a file of the user's that only he can read.
write_secret() { # PATH TEXT
  as_user sh -c 'mkdir -p "$(dirname "$1")" && umask 077 && printf "%s\n" "$2" >"$1"' - "$TEST_HOME/$1" "$2"
}

# Starts a command in container NAME that ends when `end_background` closes its input; returns when it runs. Its process
# is a `cat`; `background` is the prompt's.
start_background() { # [VARIABLE=value...] NAME [OPTION...]
  local settings=()
  while [[ $1 == [A-Z_]*=* ]]; do
    settings+=("$1")
    shift
  done
  mkfifo "$BATS_TEST_TMPDIR/ready" "$BATS_TEST_TMPDIR/input"
  exec {background_input}<>"$BATS_TEST_TMPDIR/input"
  pyxis "${settings[@]}" start "${@:2}" "$1" sh -c "${background_script:-echo ready; exec cat >/dev/null}" \
    >"$BATS_TEST_TMPDIR/ready" <"$BATS_TEST_TMPDIR/input" {background_input}>&- &
  background=$!
  read -r -t 60 <"$BATS_TEST_TMPDIR/ready"
}

# The first process of a container that runs.
running_process() { # NAME
  pyxis list -f | awk -v name="$1" '$1 == name {print $2}'
}

end_background() {
  exec {background_input}>&-
  wait "$background"
}

# The prompt of start_background: `pyxis` itself, not the shell functions that bats runs it under.
prompt_process() {
  local process
  for process in $(processes_of_test); do
    [[ $(<"/proc/$process/comm") != pyxis ]] || echo "$process"
  done
}

# --- his store --------------------------------------------------------------------------------------------

store() {
  printf '%s/.local/share/pyxis\n' "$TEST_HOME"
}

# A digest of all names, kinds, modes, dates of change, sizes and contents below DIRECTORY.
tree_digest() { # DIRECTORY
  (cd "$1" && find . -printf '%P %y %m %T@ %s %l\n' | LC_ALL=C sort && find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum) | sha256sum
}

layer_count() {
  find "$(store)/layers/sha256" -mindepth 1 -maxdepth 1 | wc -l
}

# The extended attributes in the unpacked layers, a name a line.
layer_attributes() {
  # shellcheck disable=SC2016
  /usr/bin/python3 -c '
import os, sys
for directory, directories, files in os.walk(sys.argv[1]):
    for name in directories + files:
        print(*os.listxattr(os.path.join(directory, name), follow_symlinks=False), sep="\n")' "$(store)/layers" | sed '/^$/d'
}

# The unpacked layers hold nothing that a user could be harmed by, whoever looks at them.
assert_harmless_layers() {
  assert_equal "$(find "$(store)/layers" \( -type b -o -type c ! -path '*/fs/*' -o -perm /6000 \) -print)" ""
  assert_equal "$(find "$(store)/layers" -type c -printf '%p ' -exec stat -c '%t:%T' {} + | grep -v ' 0:0$')" ""
  # What the engine marks directories with (src/layer/layer_marks.cc), and nothing beside it.
  assert_equal "$(layer_attributes | grep -vxE 'user\.overlay\.(opaque|origin)')" ""
}

# --- the registry -----------------------------------------------------------------------------------------

# Requests to `fault` are logged before they are answered, so all of a command's are there when it has ended.
mark_requests() {
  requests_before=$("$repo/scripts/registry" log "${1:-fault}" | wc -l)
}

requests() { # [INSTANCE]
  "$repo/scripts/registry" log "${1:-fault}" | tail -n "+$((requests_before + 1))"
}

fault() { # reset | release | stalled?count=N
  case $1 in
    stalled*) curl -fsS --max-time 60 "http://$FAULTD/_$1" ;;
    *) curl -fsS --max-time 60 -X POST "http://$FAULTD/_$1" ;;
  esac
}

# --- what must hold ---------------------------------------------------------------------------------------

# One line on stderr, no more: "[ERROR] ..." that has every given part.
assert_one_error() {
  assert_failure 1
  assert_equal "$(grep -c '^\[ERROR\]' <<<"$output")" 1
  refute_output --partial 'Sanitizer'
  local part
  for part; do assert_output --partial "$part"; done
}

# The error and nothing beside it.
assert_only_error() {
  assert_one_error "$@"
  assert_equal "$(messages <<<"$output" | wc -l)" 1
}

# What a program has said. A leak check at its end says of threads that have just ended that it cannot look into them.
messages() { grep -v '^==[0-9]*==Unable to get registers from thread' || true; }

processes_of_test() {
  grep -lsF "ENROOT_RUNTIME_PATH=$TEST_HOME/run" /proc/[0-9]*/environ | cut -d/ -f3
}

# Nothing in the making, no process of the user's, no mount of his store, nobody who listens. Leaves $output alone.
assert_nothing_left() {
  assert_equal "$(ls -A "$(store)/tmp")" ""
  assert_equal "$(processes_of_test)" ""
  assert_equal "$(grep -F "$TEST_HOME" /proc/self/mountinfo || true)" ""
  assert_equal "$(find "$TEST_HOME/run" -name '*.sock' 2>/dev/null)" ""
}
