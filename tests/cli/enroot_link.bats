# A link named enroot: scripts that call enroot find what they expect.

load helpers

setup_file() {
  load helpers
  make_home
  as_user mkdir "$TEST_HOME/bin"
  as_user ln -s "$PYXIS" "$TEST_HOME/bin/enroot"
}
teardown_file() {
  load helpers
  remove_home
}
teardown() { assert_nothing_left; }

enroot() { PYXIS=$TEST_HOME/bin/enroot pyxis "$@"; }

@test "it tells the version of the interface, and is found in PATH" {
  run -0 enroot version
  assert_output 4.1.0
  run -0 as_user PATH="$TEST_HOME/bin:/usr/bin:/bin" enroot version
  assert_output 4.1.0
  run -0 pyxis version
  refute_output 4.1.0
}

@test "every command of enroot's is there, and its usage says enroot" {
  local command
  for command in batch bundle digest exec export import info list load remove start version; do
    run -0 enroot "$command" --help
    assert_line --regexp "^Usage: enroot $command"
  done
}

@test "a script's day: load, list, start, exec, export, remove" {
  run -0 enroot load --name box "docker://$REGISTRY#busybox"
  run -0 enroot list
  assert_output box
  run -0 enroot start --root --rw --env A=1 --mount "$TEST_HOME/bin:/mnt" box sh -c 'id -u; echo "$A"; ls /mnt; echo x >/mark'
  assert_output $'0\n1\nenroot'
  run -5 enroot start box sh -c 'cat /mark; exit 5'
  assert_output x
  run -0 enroot list --fancy
  assert_line --index 0 --regexp '^NAME +PID +COMM +STATE +STARTED +TIME +MNTNS +USERNS +COMMAND$'
  run -0 enroot export --output "$TEST_HOME/box.sqsh" box
  assert [ -s "$TEST_HOME/box.sqsh" ]
  run -0 enroot remove --force box
  run -0 enroot list
  assert_output ''
}

@test "errors are lines of [ERROR] with status 1" {
  run enroot start nothing
  assert_only_error 'no container named nothing'
  run enroot list --bogus
  assert_one_error 'Usage: enroot list'
  run enroot frobnicate
  assert_one_error frobnicate 'Usage: enroot'
}
