# --container-mounts: every kind of source and destination, flags, and what cannot be mounted.

load helpers

setup_file() {
  export IMAGE=$REGISTRY/busybox HERE=$SUITE/mounts
  install -d -m 755 "$HERE" "$HERE/tree" "$HERE/tree/below" "$HERE/with blank"
  echo 'of the node' | tee "$HERE/file" >"$HERE/tree/below/file"
  echo 'between blanks' >"$HERE/with blank/a file"
  /usr/bin/python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$HERE/socket"
  chmod 777 "$HERE/socket"
}

# A shell in a container with these mounts, started in $HERE.
mounted() { # MOUNTS [OPTION...]
  open_shell in step --chdir="$HERE" --container-image="$IMAGE" --container-mounts="$1" "${@:2}"
}

@test "files, directories, devices and sockets, at paths that are there or not" {
  mounted "$HERE/file:/made/on/the/way,$HERE/tree:/mnt,/dev/zero:/zero,$HERE/socket:/run/socket,$HERE/file:/etc/passwd,$HERE"
  run tell in 'cat /made/on/the/way /mnt/below/file /etc/passwd; ls /mnt'
  assert_output $'of the node\nof the node\nof the node\nbelow'
  run -0 tell in "[ -c /zero ] && [ -S /run/socket ] && [ -f /made/on/the/way ] && [ -d /mnt ] && cat $HERE/file"
  assert_output 'of the node'
  run -0 tell in 'head -c 3 /zero | wc -c'
  assert_output 3
  # Writing goes to the node, with the user's own rights.
  run -0 tell in 'echo new >/mnt/new'
  assert_equal "$(cat "$HERE/tree/new")" new
  assert_equal "$(stat -c %U "$HERE/tree/new")" "$(id -un)"
  rm "$HERE/tree/new"
  close_shell in
}

@test "sources and destinations relative to the job's directory and to the root; blanks in paths" {
  mounted "./tree:/absolute,./tree/../file:./relative,.:/whole,$HERE/with blank:/with blank,./with blank/a file:/other file"
  run tell in 'cat /absolute/below/file /relative /whole/file "/with blank/a file" "/other file"'
  assert_output $'of the node\nof the node\nof the node\nbetween blanks\nbetween blanks'
  close_shell in
}

@test "tmpfs, with its options" {
  mounted 'tmpfs:/scratch,tmpfs:/small:size=64k+mode=700'
  run tell in 'head -c 100000 /dev/zero >/scratch/zeros && head -c 100000 /dev/zero >/small/zeros'
  assert_failure
  run tell in "awk '\$5 == \"/scratch\" || \$5 == \"/small\" { print \$5, \$(NF-2) }' /proc/self/mountinfo; stat -c %a /small; stat -c %s /scratch/zeros /small/zeros"
  assert_output $'/scratch tmpfs\n/small tmpfs\n700\n100000\n65536'
  close_shell in
}

@test "umount detaches what was mounted" {
  mounted "$HERE/tree:/mnt,umount:/mnt,umount:/sys"
  run tell in "ls /mnt /sys; grep -cE ' /(mnt|sys)' /proc/self/mountinfo"
  assert_output $'/mnt:\n\n/sys:\n0'
  close_shell in
}

@test "later mounts may be on earlier ones" {
  mounted "$HERE/tree:/a,$HERE/with blank:/a/below"
  run tell in 'cat "/a/below/a file"'
  assert_output 'between blanks'
  close_shell in
}

@test "a file that the user cannot read can be mounted, and stays unreadable, for root inside too" {
  mounted /etc/shadow:/secret --container-remap-root
  run tell in 'ls /secret; cat /secret; chmod 644 /secret; cat /secret'
  assert_line /secret
  assert_equal "$(grep -c 'cat: .*Permission denied' <<<"$output")" 2
  refute_line --regexp '^root:'
  close_shell in
}

@test "a source that does not exist fails the job and is named" {
  run --separate-stderr step --container-image="$IMAGE" --container-mounts="$HERE/file:/file,/no/such:/mnt" echo ran
  assert_failure
  assert_output ''
  assert_said_once 'pyxis: --container-mounts: source path does not exist: /no/such'
  run --separate-stderr step -n4 --container-image="$IMAGE" --container-mounts=/no/such echo ran
  assert_failure
  assert_output ''
  assert_said_once 'pyxis: --container-mounts: source path does not exist: /no/such'
}
