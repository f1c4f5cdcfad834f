# A command in an image: what of it needs a look at the node, or a job of its own.

load helpers

setup_file() {
  export IMAGE=$REGISTRY/busybox
}

@test "an image name may be given in every form" {
  local name
  for name in "docker://$IMAGE" "$IMAGE:latest" "$REGISTRY#busybox" "docker://$REGISTRY#busybox:latest" \
    "$IMAGE@$("$repo/scripts/cluster" run --user alice --node node1 -- pyxis digest "$IMAGE")"; do
    run -0 --separate-stderr step --container-image="$name" sh -c 'echo "$IMAGE_VARIABLE"'
    assert_output 'from the image'
  done
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

@test "nothing is left when the steps have ended" {
  assert_nothing_left
}
