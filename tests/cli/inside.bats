# What is inside a container of an ordinary image, and what is not.

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
teardown() { assert_nothing_left; }

@test "the user may be in any database of the host's, as in a directory service" {
  local TEST_HOME PYXIS_TEST_USER=dana databases=$BATS_TEST_TMPDIR/databases
  TEST_HOME=$(mktemp -d /var/tmp/pyxis-cli.XXXXXX)
  chown 54321:54322 "$TEST_HOME"
  mkdir "$databases"
  printf '%s: files extrausers\n' passwd group >"$databases/nsswitch.conf"
  echo "dana:x:54321:54322:Dana:$TEST_HOME:/bin/sh" >"$databases/passwd"
  echo "dana:x:54322:" >"$databases/group"
  # shellcheck disable=SC2016
  wrapped=(unshare --mount --propagation slave sh -c 'mount --bind "$0/nsswitch.conf" /etc/nsswitch.conf &&
    mount --bind "$0" /var/lib/extrausers && exec "$@"' "$databases")
  run -0 pyxis load -n box "$REGISTRY/busybox"
  run -0 pyxis start box sh -c 'id -u; whoami; id -g; id -gn; grep ^dana: /etc/passwd; cd ~ && pwd'
  assert_output $'54321\ndana\n54322\ndana\n'"dana:x:54321:54322:Dana:$TEST_HOME:/bin/sh"$'\n'"$TEST_HOME"
  remove_home
}

@test "ENROOT_REMAP_ROOT and ENROOT_MOUNT_HOME are what -r and the home mount are" {
  run -0 pyxis ENROOT_REMAP_ROOT=yes start shared id -u
  assert_output 0
  as_user tee "$TEST_HOME/mine" >/dev/null <<<'at home'
  run -0 pyxis ENROOT_MOUNT_HOME=yes start shared sh -c 'echo "$HOME" && cat "$HOME/mine" && echo written >"$HOME/mine"'
  assert_output "$TEST_HOME"$'\n''at home'
  assert_equal "$(<"$TEST_HOME/mine")" written
  run -0 pyxis ENROOT_MOUNT_HOME=yes start -r shared sh -c 'id -u; echo "$HOME" && cat "$HOME/mine"'
  assert_output "0"$'\n'"$TEST_HOME"$'\n'written
  run pyxis ENROOT_MOUNT_HOME=no start shared cat "$TEST_HOME/mine"
  assert_failure
}

@test "nothing of the host is inside but what is mounted" {
  run -0 pyxis start shared sh -c 'cd /../.. && ls -A; awk '"'\$5 !~ \"^/(proc|sys|dev)(/|\$)\" { print \"mounted:\", \$5 }'"' /proc/self/mountinfo; ls /proc/self/root/.. | wc -l; ls "$0" || echo none of it' "$repo/tests"
  assert_line 'none of it'
  refute_line lost+found
  assert_line 'mounted: /'
  local line
  while read -r line; do
    [[ $line =~ ^'mounted: '(/|/etc/(hosts|hostname|resolv\.conf|machine-id))$ ]] || fail "$line"
  done < <(grep ^mounted: <<<"$output")
}

@test "/dev/shm is the host's" {
  local file
  file=$(as_user mktemp /dev/shm/pyxis-cli.XXXXXX)
  run -0 pyxis start shared sh -c 'echo shared >"$0"' "$file"
  run -0 cat "$file"
  rm "$file"
  assert_output shared
}
