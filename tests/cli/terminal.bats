# What is different where somebody sits at a terminal.

load helpers

setup_file() {
  load helpers
  make_home
  pyxis load -n shared "$REGISTRY/busybox"
}
teardown_file() {
  load helpers
  remove_home
}
setup() { fault reset; }
teardown() { fault release; }

escape=$'\e'

# A command of the user's whose input and output are a terminal, which leaves line ends as they are.
on_terminal() { # [VARIABLE=value...] COMMAND...
  local settings=()
  while [[ $1 == [A-Z_a-z]*=* ]]; do
    settings+=("$1")
    shift
  done
  as_user "${settings[@]}" script --quiet --return --command "stty -onlcr; exec $(printf '%q ' "$@")" /dev/null </dev/null 3>&-
}

@test "colours are for terminals" {
  run -1 on_terminal "$PYXIS" start nothing true
  assert_output --regexp "^$escape\[[0-9;]+m\[ERROR\]$escape\[0m no container named nothing"
  run -1 pyxis start nothing true
  assert_output --regexp '^\[ERROR\] no container'
  refute_output --partial "$escape"
  local unwritable="ENROOT_SQUASH_OPTIONS=-comp lzo"
  run -0 on_terminal "$unwritable" "$PYXIS" export -f shared
  assert_output --regexp "^$escape\[[0-9;]+m\[WARN\]$escape\[0m "
  run -0 pyxis "$unwritable" export -f shared
  assert_output --regexp '^\[WARN\] '
  run -0 on_terminal "$PYXIS" load -n another "$REGISTRY/busybox"
  assert_output --regexp "$escape\[[0-9;]+m\[INFO\]$escape\[0m "
  run -0 pyxis load --force -n another "$REGISTRY/busybox"
  assert_output --regexp '^\[INFO\] '
  refute_output --partial "$escape"
}

# Reads the output of a pull that is stalled until TEXT is in it, and lets it go on then.
release_after() { # TEXT < OUTPUT
  local part all=''
  until [[ $all == *"$1"* ]]; do
    read -r -t 60 -N 1 part || return 1
    all+=$part
  done
  fault release >/dev/null
  cat >/dev/null
}

@test "progress is drawn on a terminal, and is lines elsewhere" {
  on_terminal ENROOT_DATA_PATH="$TEST_HOME/drawn" "$PYXIS" pull "$FAULTD/stall-layers/busybox" | tee "$BATS_TEST_TMPDIR/drawn" | release_after "$escape[Klayers 0/1, "
  # At the end it makes room for what stays.
  run cat "$BATS_TEST_TMPDIR/drawn"
  assert_output --regexp $'\r'"$escape\[Ksha256:[0-9a-f]{64}$"
  fault reset
  pyxis ENROOT_DATA_PATH="$TEST_HOME/lines" pull "$FAULTD/stall-layers/busybox" 2>&1 3>&- | tee "$BATS_TEST_TMPDIR/lines" | release_after $'[INFO] layers 0/1, '
  run cat "$BATS_TEST_TMPDIR/lines"
  refute_output --partial "$escape"
  refute_output --partial $'\r'
}
