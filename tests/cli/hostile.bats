# Images that try to harm whoever unpacks or starts them (scripts/images list): refused with one error, or harmless.

load helpers

victim=/tmp/pyxis-victim

setup() {
  make_home
  rm -rf /tmp/pyxis-escape-* /var/tmp/pyxis-escape-*
  # Its name is in the images, so others know it: what they have laid there is not written to.
  rm -f $victim
  (set -o noclobber && printf 'untouched\n' >$victim)
  chown "$PYXIS_TEST_USER:" $victim
}

teardown() {
  assert_no_escape
  rm -f $victim
  remove_home
}

assert_no_escape() {
  assert_equal "$(find / /tmp /var/tmp "$TEST_HOME" "$(store)" -maxdepth 1 -name 'pyxis-escape-*')" ""
  assert_equal "$(find "$TEST_HOME" -name 'pyxis-escape-*' ! -path '*/fs/*')" ""
  assert_equal "$(<$victim)" untouched
  assert_equal "$(stat -c %U $victim)" "$PYXIS_TEST_USER"
}

# Loads the image and starts it, writable and as root, so that whatever it prepared acts.
load_and_start() { # NAME [COMMAND...]
  run -0 pyxis load -n hostile "$REGISTRY/hostile-$1"
  assert_harmless_layers
  local command=("${@:2}")
  run -0 pyxis start -w -r hostile "${command[@]:-true}"
  assert_nothing_left
}

assert_refused() { # NAME WORDS...
  run pyxis load -n hostile "$REGISTRY/hostile-$1"
  assert_only_error "$REGISTRY/hostile-$1" "${@:2}"
  assert_equal "$(pyxis list)" ""
  assert_equal "$(pyxis images | tail -n +2)" ""
  assert_nothing_left
}

@test "every hostile image there is, is tested here" {
  local name
  for name in $("$repo/scripts/images" list | sed -nE 's/^hostile-([a-z-]+) .*/\1/p'); do
    grep -qE "(load_and_start|assert_refused) $name( |$)" "$BATS_TEST_FILENAME" || fail "hostile-$name has no test"
  done
}

@test "names that begin with .." {
  assert_refused dotdot '".." in its path'
}

@test "names with .. in their middle" {
  assert_refused dotdot-middle '".." in its path'
}

@test "absolute names are below the image's root" {
  load_and_start absolute cat /pyxis-escape-absolute.d/../tmp/pyxis-escape-absolute
  assert_output out
}

@test "files, directories and links through a link to outside" {
  assert_refused symlink 'is a symbolic link of the same layer'
}

@test "a file through a relative link to outside" {
  assert_refused symlink-relative 'is a symbolic link of the same layer'
}

@test "a file through a link to a link to outside" {
  assert_refused symlink-twice 'is a symbolic link of the same layer'
}

@test "a directory of the name of a link to outside replaces the link" {
  load_and_start symlink-directory cat /out/pyxis-escape-symlink-directory
  assert_output out
}

@test "a file of the name of a link to outside replaces the link" {
  load_and_start symlink-file cat /passwd /new /victim
  assert_output $'mine\nout\nmine'
}

@test "hard links to names with .. in them" {
  assert_refused hardlink '".." in its path'
}

@test "a hard link to an absolute name is one to the image's file" {
  load_and_start hardlink-absolute cat /own
  assert_line --partial guest:x:4711
}

@test "a hard link to a file that only the host has" {
  assert_refused hardlink-victim 'no earlier layer has that file'
}

@test "a hard link through a link of the same layer" {
  assert_refused hardlink-symlink 'no earlier layer has that file'
}

@test "a hard link through a link of an earlier layer" {
  assert_refused hardlink-layers 'no earlier layer has that file'
}

@test "device nodes are not made" {
  load_and_start device sh -c 'test ! -b /disk && test ! -c /disk && test ! -c /dev/mem-copy'
  assert_equal "$(find "$(store)/layers" -type b)" ""
}

@test "setuid, setgid and file capabilities are dropped" {
  load_and_start setuid stat -c %a /bin/setuid-sh
  assert_output 755
  # A busybox does what the name it is called by says.
  run -0 pyxis start -w hostile sh -exc 'mkdir /by-name; ln -s /bin/setuid-sh /by-name/id; ln -s /bin/capable-sh /by-name/grep'
  run -0 pyxis start hostile /by-name/id -u
  assert_output "$(id -u "$PYXIS_TEST_USER")"
  run -0 pyxis start hostile /by-name/grep CapEff /proc/self/status
  assert_output $'CapEff:\t0000000000000000'
}

@test "setuid bits that the user sets himself give nothing" {
  run -0 pyxis load "$REGISTRY/busybox"
  run -0 pyxis start -w busybox sh -c 'cp /bin/busybox /bin/own && chmod 6755 /bin/own'
  run -0 pyxis start busybox grep NoNewPrivs /proc/self/status
  run -0 pyxis start busybox sh -c 'grep " / " /proc/mounts'
  assert_output --partial nosuid
  assert_output --partial nodev
}

@test "directories in directories, deeper than the kernel's longest path" {
  assert_refused deep 'lies deeper than'
  assert [ "${#output}" -lt 1000 ]
}

@test "whiteouts of . and .., with paths, and through links" {
  assert_refused whiteout 'is a whiteout of no name'
}

@test "empty and endless components of names" {
  assert_refused names 'has no name'
}

@test "the overlay file system's own attributes do not reach it" {
  load_and_start overlay sh -c 'test ! -e /user-redirect/passwd; test ! -e /trusted-redirect/passwd; ls -d /user-whiteout /trusted-whiteout'
  assert_equal "$(layer_attributes)" ""
}

@test "files and whiteouts of one layer through a link of another" {
  load_and_start symlink-layers cat /out/pyxis-escape-symlink-layers /was-directory/pyxis-escape-symlink-layers
  assert_output $'out\nout'
}

@test "an archive that ends in the middle of a file" {
  assert_refused truncated layer
}

@test "a gzip that ends in its middle" {
  assert_refused badgzip layer
}

@test "a text in place of the archive" {
  assert_refused nottar layer
}

@test "a text in place of the gzip" {
  assert_refused notgzip layer
}

@test "a header with a wrong checksum" {
  assert_refused checksum layer
}

@test "a header that promises 8 EiB" {
  assert_refused size layer
}

@test "a configuration that names other layers" {
  load_and_start diffid cat /a
  assert_line a
}

@test "links in the image where the engine mounts and writes do not lead outside" {
  run -0 pyxis load -n links "$REGISTRY/busybox"
  local outside=$TEST_HOME/outside
  as_user mkdir "$outside"
  run -0 pyxis start -w links sh -exc "
    rm -rf /etc /mnt /run && ln -s $outside /etc
    ln -s / /mnt
    ln -s ../../../../../../../..$outside /run"
  run pyxis start -w -m "$outside:/mnt/$outside/by-mount:none:x-create=dir,rbind" -m "tmpfs:/run/other:tmpfs:x-create=dir" links true
  run pyxis start -w links true
  assert_equal "$(ls -A "$outside")" ""
  assert_nothing_left
}

@test "a FIFO, a directory or an endless file where the engine reads accounts" {
  run -0 pyxis load -n odd "$REGISTRY/busybox"
  run -0 pyxis start -w odd sh -c 'rm -f /etc/passwd && mkfifo /etc/passwd'
  run pyxis start odd true
  assert_only_error etc/passwd "not a regular file"
  run -0 pyxis load -f -n odd "$REGISTRY/busybox"
  run -0 pyxis start -w odd sh -c 'rm -f /etc/passwd && truncate -s 8G /etc/passwd'
  run pyxis start odd true
  assert_only_error etc/passwd
  run -0 pyxis load -f -n odd "$REGISTRY/busybox"
  run -0 pyxis start -w odd sh -c 'rm -f /etc/passwd && ln -s /proc/self/environ /etc/passwd'
  run pyxis start odd true
  assert_nothing_left
}
