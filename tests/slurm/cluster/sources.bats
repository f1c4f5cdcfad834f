# --container-image with an image that comes from no registry.

load helpers

setup_file() {
  export SHARE=$SUITE/sources
  install -d -m 777 "$SHARE"
  skopeo copy --quiet --src-tls-verify=false "docker://$REGISTRY/busybox" "oci:$SHARE/layout:box"
  skopeo copy --quiet --src-tls-verify=false "docker://$REGISTRY/busybox" "docker-archive:$SHARE/image.tar"
}
teardown() { assert_nothing_left; }

@test "an OCI layout and an archive, by absolute path and relative to the job's working directory" {
  local image shown
  for image in "oci:$SHARE/layout:box" oci:layout:box "docker-archive:$SHARE/image.tar" docker-archive:./image.tar; do
    shown=$image
    [[ $image == *:/* ]] || shown=${image%%:*}:$SHARE/${image#*:}
    run -0 --separate-stderr step --chdir="$SHARE" --container-image="$image" sh -c 'echo "$IMAGE_VARIABLE"'
    assert_output 'from the image'
    assert_said_once "pyxis: importing docker image: $shown"
    assert_said_once "pyxis: imported docker image: $shown"
  done
}

@test "what cannot be read is told as other imports that fail" {
  run --separate-stderr step -n4 --container-image="docker-archive:$SHARE/absent.tar" echo ran
  assert_failure
  assert_output ''
  assert_said_once "pyxis: failed to import docker image: docker-archive:$SHARE/absent.tar"
  assert_said_once "$SHARE/absent.tar: No such file or directory"
  # Whether there is a docker on the node or not, it has no such image.
  run --separate-stderr step --container-image=dockerd://pyxis/no/such/image echo ran
  assert_failure
  assert_output ''
  assert_said_once 'pyxis: failed to import docker image: dockerd://pyxis/no/such/image'
  assert_said_once 'pyxis: docker'
}
