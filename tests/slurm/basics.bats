# A command in an image: its world, its status, its streams, where it starts.

load helpers

setup_file() {
  export IMAGE=$REGISTRY/busybox
}

@test "the command sees the image's files instead of the node's" {
  run -0 --separate-stderr step --container-image="$REGISTRY/trixie" grep PRETTY_NAME /etc/os-release
  assert_output --partial trixie
  # No node is that, whatever its distribution.
  run -0 --separate-stderr step --container-image="$IMAGE" grep ^ID= /etc/os-release
  assert_output ID=pyxis-busybox
}

@test "the exit status of the command is that of srun" {
  run -7 step --container-image="$IMAGE" sh -c 'exit 7'
  run -143 step --container-image="$IMAGE" sh -c 'kill -TERM $$'
}

@test "input and output pass through unchanged" {
  head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/random"
  step --container-image="$IMAGE" cat <"$BATS_TEST_TMPDIR/random" >"$BATS_TEST_TMPDIR/back" 2>"$BATS_TEST_TMPDIR/err"
  cmp "$BATS_TEST_TMPDIR/random" "$BATS_TEST_TMPDIR/back"
}

@test "errors go to stderr, output to stdout" {
  run -0 --separate-stderr step --container-image="$IMAGE" sh -c 'echo out; echo err >&2'
  assert_output out
  assert_said err
}

@test "an image of one static program runs, from its working directory and with its environment" {
  run -3 --separate-stderr step --export=ALL,EXIT_STATUS=3 --container-image="$REGISTRY/static" report 'a b' '' c
  assert_line 'arguments: [a b] [] [c]'
  assert_line "uid: $(id -u)"
  assert_line "gid: $(id -g)"
  assert_line 'cwd: /srv'
  assert_line 'IMAGE_VARIABLE: from the image'
}

@test "a program that exists only in the image is found; one that exists only on the node is not" {
  run -0 --separate-stderr step --container-image="$REGISTRY/static" report
  # bash is on the node, and the image's PATH leads nowhere near it
  run --separate-stderr step --container-image="$REGISTRY/static" bash -c true
  assert_failure
  assert_said 'bash: No such file or directory'
}

@test "the import is announced to a single task, not to several" {
  run -0 --separate-stderr step --container-image="$IMAGE" true
  assert_said_once "pyxis: importing docker image: $IMAGE"
  assert_said_once "pyxis: imported docker image: $IMAGE"
  run -0 --separate-stderr step -n2 --container-image="$IMAGE" true
  refute_said 'docker image'
}

@test "the command starts in the image's working directory, or in the one asked for" {
  run -0 --separate-stderr step --container-image="$IMAGE:workdir" pwd
  assert_output /made/for/work
  run -0 --separate-stderr step --container-image="$IMAGE:workdir" --container-workdir=/etc pwd
  assert_output /etc
  run -0 --separate-stderr step --container-image="$IMAGE" pwd
  assert_output /
}
