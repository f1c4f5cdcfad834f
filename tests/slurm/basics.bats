# A command in an image: its world, its status, its streams, where it starts.

load helpers

setup_file() {
  export IMAGE=$REGISTRY/busybox
  install -d -m 777 "$SUITE/basics"
}

@test "the command sees the image's files instead of the node's" {
  run -0 --separate-stderr step --container-image="$REGISTRY/trixie" grep PRETTY_NAME /etc/os-release
  assert_output --partial trixie
  refute_output "$(grep PRETTY_NAME /etc/os-release)"
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
  assert_line "uid: $(id -u alice)"
  assert_line "gid: $(id -g alice)"
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

@test "an image name may be given in every form" {
  local name
  for name in "docker://$IMAGE" "$IMAGE:latest" "$REGISTRY#busybox" "docker://$REGISTRY#busybox:latest" \
    "$IMAGE@$("$repo/scripts/cluster" run --user alice --node node1 -- pyxis digest "$IMAGE")"; do
    run -0 --separate-stderr step --container-image="$name" sh -c 'echo "$IMAGE_VARIABLE"'
    assert_output 'from the image'
  done
}

@test "the command starts in the image's working directory, or in the one asked for" {
  run -0 --separate-stderr step --container-image="$IMAGE:workdir" pwd
  assert_output /made/for/work
  run -0 --separate-stderr step --container-image="$IMAGE:workdir" --container-workdir=/etc pwd
  assert_output /etc
  run -0 --separate-stderr step --container-image="$IMAGE" pwd
  assert_output /
}

@test "a working directory that does not exist is an error that names it" {
  run --separate-stderr step --container-image="$IMAGE" --container-workdir=/no/such true
  assert_failure
  assert_said_once "couldn't chdir to container working directory /no/such: No such file or directory"
  assert_nothing_left
}

@test "a job of its own runs, and its status is srun's" {
  run -5 --separate-stderr as alice srun -w node1 --container-image="$REGISTRY/trixie" sh -c '. /etc/os-release; echo $VERSION_CODENAME; exit 5'
  assert_output trixie
}

@test "a batch script runs inside, from its spooled copy, which is read-only" {
  cat >"$SUITE/basics/job.sh" <<'SCRIPT'
#!/bin/sh
. /etc/os-release
echo "code name: $VERSION_CODENAME"
echo "argument: $1"
awk -v at="$0" '$5 == at { print "script mounted: " $6 }' /proc/self/mountinfo
echo changed 2>/dev/null >>"$0" || echo "script cannot be written"
cat missing
exit 9
SCRIPT
  run -9 as alice sbatch -W -w node1 -o "$SUITE/basics/job.out" --container-image="$REGISTRY/trixie" "$SUITE/basics/job.sh" 'an argument'
  run cat "$SUITE/basics/job.out"
  assert_line "pyxis: importing docker image: $REGISTRY/trixie"
  assert_line "pyxis: imported docker image: $REGISTRY/trixie"
  assert_line 'code name: trixie'
  assert_line 'argument: an argument'
  assert_line --regexp '^script mounted: ro,'
  assert_line 'script cannot be written'
  assert_line --partial 'missing: No such file or directory'
}

@test "a batch script without an option runs on the node, and its steps in the containers they name" {
  cat >"$SUITE/basics/plain.sh" <<SCRIPT
#!/bin/bash
grep ^ID= /etc/os-release
srun --container-image=$IMAGE sh -c 'echo "\$IMAGE_VARIABLE"'
srun sh -c 'echo "image: \$IMAGE_VARIABLE"'
SCRIPT
  run -0 as alice sbatch -W -w node1 -o "$SUITE/basics/plain.out" "$SUITE/basics/plain.sh"
  run cat "$SUITE/basics/plain.out"
  assert_line "$(grep ^ID= /etc/os-release)"
  assert_line 'from the image'
  assert_line 'image: '
}

@test "what salloc was given holds for the steps in it, and yields to theirs" {
  run -0 --separate-stderr as alice salloc -w node1 --container-image="$REGISTRY/trixie" bash -c "
    echo \"here: \$(hostname)\"
    srun sh -c '. /etc/os-release; echo \"inherited: \$VERSION_CODENAME\"'
    srun --container-image=$IMAGE sh -c 'echo \"own: \$IMAGE_VARIABLE\"'"
  assert_line "here: $(hostname)"
  assert_line 'inherited: trixie'
  assert_line 'own: from the image'
}

@test "nothing is left when the steps have ended" {
  assert_nothing_left
}
