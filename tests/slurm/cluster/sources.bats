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

# A server on node1 of what is in $SHARE, until its input is closed; its address is $at.
serve_on_node1() {
  local port
  coproc server { on node1 "$repo/tests/support/file_server" --log "$BATS_TEST_TMPDIR/requests" --certificate "$BATS_TEST_TMPDIR/both.pem" "$SHARE"; }
  read -r -t 20 port <&"${server[0]}"
  at=https://127.0.0.1:$port
}

@test "an image file at an address is downloaded once for a user on a node, and asked about by the next step" {
  local tree=$BATS_TEST_TMPDIR/tree at
  mkdir -p "$tree"/{bin,etc,proc,sys,dev,tmp}
  cp /bin/busybox "$tree/bin/"
  ln -s busybox "$tree/bin/cat"
  echo 'from an address' >"$tree/text"
  mksquashfs "$tree" "$SHARE/served.sqsh" -comp zstd -noappend -quiet -no-progress
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=pyxis-test -addext subjectAltName=IP:127.0.0.1 \
    -keyout "$BATS_TEST_TMPDIR/key.pem" -out "$SHARE/cert.pem" 2>/dev/null
  cat "$SHARE/cert.pem" "$BATS_TEST_TMPDIR/key.pem" >"$BATS_TEST_TMPDIR/both.pem"
  serve_on_node1
  run -0 --separate-stderr step -n4 --export=ALL,SSL_CERT_FILE="$SHARE/cert.pem" --container-image="$at/served.sqsh" cat /text
  assert_output $'from an address\nfrom an address\nfrom an address\nfrom an address'
  run -0 --separate-stderr step --export=ALL,SSL_CERT_FILE="$SHARE/cert.pem" --container-image="$at/served.sqsh" cat /text
  assert_output 'from an address'
  assert_said_once "pyxis: imported docker image: $at/served.sqsh"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/requests")" $'GET /served.sqsh 200\nHEAD /served.sqsh 304'
  run --separate-stderr step --export=ALL,SSL_CERT_FILE="$SHARE/cert.pem" --container-image="$at/absent.sqsh" cat /text
  assert_failure
  assert_said_once "pyxis: failed to import docker image: $at/absent.sqsh"
  exec {server[1]}>&-
  wait "$server_PID" || true
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
