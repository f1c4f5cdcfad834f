# What the command-line tests share: an ordinary user, a store of his own per test, and the registry's addresses.
#
# PYXIS           the program under test (scripts/check: the one built with sanitizers), reachable by the user
# PYXIS_TEST_USER the user the commands run as; root's own uid would hide every mistake about privilege

bats_load_library bats-support
bats_load_library bats-assert

: "${PYXIS:?PYXIS must name the program under test}"
: "${PYXIS_TEST_USER:=alice}"
: "${REGISTRY:=127.0.0.1:5100}"
: "${REGISTRY_BASIC:=127.0.0.1:5101}"
: "${REGISTRY_TOKEN:=127.0.0.1:5102}"
: "${FAULTD:=127.0.0.1:5104}"

make_home() {
  TEST_HOME=$(mktemp -d /var/tmp/pyxis-cli.XXXXXX)
  chown "$PYXIS_TEST_USER:" "$TEST_HOME"
}

remove_home() {
  rm -rf -- "$TEST_HOME"
}

# Runs a command as the test user, with nothing of our environment but what is given as NAME=value arguments.
as_user() {
  local settings=()
  while [[ $1 == [A-Z_a-z]*=* ]]; do
    settings+=("$1")
    shift
  done
  setpriv --reuid "$PYXIS_TEST_USER" --regid "$PYXIS_TEST_USER" --clear-groups --no-new-privs -- \
    env -i -C "$TEST_HOME" HOME="$TEST_HOME" USER="$PYXIS_TEST_USER" PATH=/usr/bin:/bin XDG_RUNTIME_DIR="$TEST_HOME/run" \
    ASAN_OPTIONS="${ASAN_OPTIONS:-}" UBSAN_OPTIONS="${UBSAN_OPTIONS:-}" LSAN_OPTIONS="${LSAN_OPTIONS:-}" "${settings[@]}" "$@"
}

pyxis() {
  local settings=()
  while [[ $1 == [A-Z_]*=* ]]; do
    settings+=("$1")
    shift
  done
  as_user "${settings[@]}" "$PYXIS" "$@"
}

store() {
  printf '%s/.local/share/pyxis\n' "$TEST_HOME"
}

# One line on stderr, no more: "[ERROR] ..." that has every given part.
assert_one_error() {
  assert_failure 1
  assert_equal "$(grep -c '^\[ERROR\]' <<<"$output")" 1
  local part
  for part; do assert_output --partial "$part"; done
}

# Nothing in the making, no process of the user, no mount of his store.
assert_nothing_left() {
  assert_equal "$(ls -A "$(store)/tmp")" ""
  run pgrep -u "$PYXIS_TEST_USER" -f pyxis-container
  assert_failure
  run grep -F "$(store)" /proc/self/mountinfo
  assert_failure
}
