# What an image's layers amount to, as overlays and as plain copies; package managers on top of them.

load helpers

setup_file() {
  load helpers
  make_home
  pyxis load "$REGISTRY/layers"
  pyxis load "$REGISTRY/trixie"
}
teardown_file() {
  load helpers
  ! mountpoint -q "$TEST_HOME/plain" || umount "$TEST_HOME/plain"
  remove_home
}
setup() { data=(); }

# The tree of container NAME as its processes see it, read by root from outside, while the container runs.
tree_inside() { # NAME
  start_background "${data[@]}" "$1"
  local pid
  pid=$(pyxis "${data[@]}" list -f | awk -v name="$1" '$1 == name {print $2}')
  "$repo/tests/support/list-tree" "/proc/$pid/root/"
  end_background
}

# A listing without what the engine itself makes or changes in every container, and with the modes that a store gives:
# the owner can read and enter, nothing is setuid or setgid. A link to a file of an earlier layer is a copy of it
# (ARCHITECTURE.md).
comparable() {
  awk -v home="${TEST_HOME#/}" '
    $7 ~ /^(dev|proc|sys|etc\/(group|hostname|hosts|localtime|machine-id|passwd|resolv\.conf))$/ || $7 == home { next }
    $2 != "-" {
      owner = substr($2, 2, 1)
      owner = $1 == "d" ? 7 : $1 == "f" && owner < 4 ? owner + 4 : owner
      $2 = (substr($2, 1, 1) % 2) owner substr($2, 3)
    }
    $7 ~ /^links\/(across|across-private|original|private|third)$/ { $5 = "-" }
    { print }'
}

assert_tree_as_expected() {
  tree_inside layers | comparable >"$BATS_TEST_TMPDIR/inside"
  "$repo/scripts/images" expected layers | comparable >"$BATS_TEST_TMPDIR/expected"
  assert [ "$(wc -l <"$BATS_TEST_TMPDIR/expected")" -gt 300 ]
  run -0 diff -u "$BATS_TEST_TMPDIR/expected" "$BATS_TEST_TMPDIR/inside"
}

# A store on an overlay, which takes no overlay's upper directory: here containers are plain directories.
mount_plain() {
  ! mountpoint -q "$TEST_HOME/plain" || return 0
  mkdir -p "$TEST_HOME/plain" "$TEST_HOME/below/"{lower,upper,work}
  chown "$PYXIS_TEST_USER:" "$TEST_HOME/below/"{lower,upper,work}
  mount -t overlay -o "lowerdir=$TEST_HOME/below/lower,upperdir=$TEST_HOME/below/upper,workdir=$TEST_HOME/below/work" plain "$TEST_HOME/plain"
}

@test "layers stacked as an overlay are what they amount to" {
  assert_equal "$(<"$(store)/version")" "pyxis-store 1 overlay"
  assert_tree_as_expected
}

@test "layers copied into one directory are what they amount to" {
  mount_plain
  data=(ENROOT_DATA_PATH="$TEST_HOME/plain/store")
  run -0 pyxis "${data[@]}" load "$REGISTRY/layers"
  assert_equal "$(<"$TEST_HOME/plain/store/version")" "pyxis-store 1 plain"
  assert_tree_as_expected
}

@test "plain containers: changes are kept, in the container alone" {
  mount_plain
  data=(ENROOT_DATA_PATH="$TEST_HOME/plain/store")
  run -0 pyxis "${data[@]}" load -n one "$REGISTRY/busybox"
  run -0 pyxis "${data[@]}" load -n two "$REGISTRY/busybox"
  local before
  before=$(tree_digest "$TEST_HOME/plain/store/layers")
  run -0 pyxis "${data[@]}" start -w one sh -c 'echo x >/new; rm /bin/ls; echo changed >/etc/passwd'
  run -0 pyxis "${data[@]}" start one sh -c 'cat /new; test ! -e /bin/ls'
  assert_output x
  run -0 pyxis "${data[@]}" start two sh -c 'test ! -e /new; ls -d /bin'
  run -1 pyxis "${data[@]}" start two touch /not-here
  assert_output --partial "Read-only file system"
  assert_equal "$(tree_digest "$TEST_HOME/plain/store/layers")" "$before"
  run -0 pyxis "${data[@]}" remove -f one two
  assert_equal "$(ls -A "$TEST_HOME/plain/store/tmp")" ""
}

@test "a package is installed in a container whose user is root, and stays in it" {
  local before
  before=$(tree_digest "$(store)/layers")
  run -0 pyxis load -n packages "$REGISTRY/trixie"
  # A package with what unprivileged installations stumble over: an owner, a group, modes, a script.
  run -0 pyxis DEBIAN_FRONTEND=noninteractive start -r -w packages sh -exc '
    mkdir -p /tmp/p/DEBIAN /tmp/p/usr/share/pyxis-test
    printf "Package: pyxis-test\nVersion: 1\nArchitecture: all\nMaintainer: nobody <n@example.org>\nDescription: a test\n" >/tmp/p/DEBIAN/control
    printf "#!/bin/sh\nset -e\nchown man:mail /usr/share/pyxis-test/file\nchmod 4755 /usr/share/pyxis-test/file\n" >/tmp/p/DEBIAN/postinst
    chmod 755 /tmp/p/DEBIAN/postinst
    echo content >/tmp/p/usr/share/pyxis-test/file
    dpkg-deb --build /tmp/p /tmp/p.deb
    apt-get install -y --no-install-recommends /tmp/p.deb'
  run -0 pyxis start packages sh -c 'dpkg -s pyxis-test | grep Status; cat /usr/share/pyxis-test/file'
  assert_output $'Status: install ok installed\ncontent'
  run -0 pyxis start -r -w packages dpkg --purge pyxis-test
  run -1 pyxis start packages test -e /usr/share/pyxis-test
  assert_equal "$(tree_digest "$(store)/layers")" "$before"
  run -1 pyxis start trixie grep pyxis-test /var/lib/dpkg/status
}

@test "the distribution inside is the image's" {
  run -0 pyxis start trixie grep VERSION_CODENAME /etc/os-release
  assert_output VERSION_CODENAME=trixie
}
