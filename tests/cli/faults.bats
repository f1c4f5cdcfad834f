# Registries that fail: each failure is one clear line, or is made up for; nothing doubtful gets into the store.

load helpers

setup() { make_home_and_faults; }
teardown() { remove_home_and_faults; }

assert_nothing_imported() {
  assert_equal "$(layer_count)" 0
  assert_equal "$(ls -A "$(store)/images/sha256")" ""
  assert_nothing_left
}

# --- made up for ---

@test "a blob that breaks off goes on where it stopped" {
  mark_requests
  run -0 pyxis load "$FAULTD/truncate/busybox"
  run requests
  assert_output --partial truncated
  assert_line --regexp '^GET .*/blobs/.* 206'
  run -0 pyxis start truncate+busybox true
}

@test "a blob that breaks off comes whole where the registry knows no ranges" {
  mark_requests
  run -0 pyxis load "$FAULTD/truncate-norange/busybox"
  run requests
  assert_output --partial truncated
  refute_line --regexp ' 206'
  run -0 pyxis start truncate-norange+busybox true
}

@test "429 with Retry-After is waited for" {
  local start=$SECONDS
  run -0 pyxis digest "$FAULTD/r429/busybox"
  assert [ $((SECONDS - start)) -ge 1 ]
}

@test "500 is tried again" {
  run -0 pyxis digest "$FAULTD/r500/busybox"
}

# --- refused ---

@test "blobs that always break off: the error says where, and after how many attempts" {
  run pyxis ENROOT_TRANSFER_RETRIES=2 pull "$FAULTD/truncate-always/busybox"
  assert_only_error "$FAULTD: transfer closed with" "bytes remaining" "(3 attempts)"
  assert_nothing_imported
}

@test "an altered layer is a digest mismatch" {
  run pyxis pull "$FAULTD/corrupt/busybox"
  assert_only_error "layer sha256:" "has the digest sha256:" "altered or damaged"
  assert_nothing_imported
}

@test "an altered layer among several stops the others" {
  run pyxis pull "$FAULTD/corrupt/wide"
  assert_only_error "layer sha256:"
  assert_nothing_left
}

@test "an altered configuration is a digest mismatch" {
  run pyxis pull "$FAULTD/corrupt-config/busybox"
  assert_only_error "configuration" "has the digest sha256:"
  assert_nothing_imported
}

@test "a manifest that is not what its digest says" {
  local digest
  digest=$(pyxis digest "$FAULTD/ok/busybox")
  run pyxis pull "$FAULTD/corrupt-manifest/busybox@$digest"
  assert_only_error manifest "$digest" "has the digest sha256:"
  run pyxis pull "$FAULTD/corrupt-manifest/busybox"
  assert_only_error manifest "has the digest sha256:"
  assert_nothing_imported
}

@test "a layer of another size than the manifest says" {
  run pyxis pull "$FAULTD/wrongsize/busybox"
  assert_only_error "layer sha256:" "bytes the manifest states" "the manifest is wrong"
  assert_nothing_imported
}

@test "a manifest that is an HTML page: the page's first words are shown" {
  run pyxis pull "$FAULTD/nojson/busybox"
  assert_only_error manifest "not JSON" "Sign in" "check that a registry answers at this address"
  assert_nothing_imported
}

@test "schema 1 is named" {
  run pyxis pull "$FAULTD/schema1/busybox"
  assert_only_error "schema 1"
  assert_nothing_imported
}

@test "a manifest without end is given up early, in bounded memory" {
  run timeout 30 bash -c 'ulimit -t 20 && "$@"' - setpriv --reuid "$PYXIS_TEST_USER" --regid "$PYXIS_TEST_USER" --clear-groups \
    env HOME="$TEST_HOME" ENROOT_RUNTIME_PATH="$TEST_HOME/run" "$PYXIS" pull "$FAULTD/endless/busybox"
  assert_only_error manifest
  assert_nothing_imported
}

@test "401, 403, 429 and 500 without end are named, with who asked" {
  run pyxis pull "$FAULTD/r401/busybox"
  assert_only_error "401 Unauthorized" anonymous
  run pyxis pull "$FAULTD/r403/busybox"
  assert_only_error "403 Forbidden" "requested access to the resource is denied"
  run pyxis ENROOT_TRANSFER_RETRIES=1 pull "$FAULTD/r429-always/busybox"
  assert_only_error "429 Too Many Requests" "higher limit"
  run pyxis ENROOT_TRANSFER_RETRIES=1 pull "$FAULTD/r500-always/busybox"
  assert_only_error "500 Internal Server Error" "try again later"
  assert_nothing_imported
}

@test "redirects without end" {
  write_secret .config/enroot/.credentials "machine $FAULTD login alice password wonderland"
  run pyxis pull "$FAULTD/redirect-loop/busybox"
  assert_only_error redirects
  assert_nothing_imported
}

@test "a registry where nobody listens" {
  run pyxis pull 127.0.0.1:1/busybox
  assert_only_error "127.0.0.1:1" "Connection refused" "check that this node can reach it"
  assert_nothing_imported
}

@test "a registry that does not answer is given up after ENROOT_CONNECT_TIMEOUT" {
  local port start=$SECONDS silent
  # Its queue of connections is full, so that the kernel answers nobody.
  # shellcheck disable=SC2016
  coproc silent { exec /usr/bin/python3 -c '
import socket, sys
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(0)
waiting = [socket.socket() for _ in range(4)]
for one in waiting:
    one.setblocking(False)
    one.connect_ex(listener.getsockname())
print(listener.getsockname()[1], flush=True)
sys.stdin.read()' 3>&-; }
  read -r -t 20 port <&"${silent[0]}"
  run pyxis ENROOT_CONNECT_TIMEOUT=1 pull "127.0.0.1:$port/busybox"
  exec {silent[1]}>&-
  assert_only_error "127.0.0.1:$port" 'after 1'
  # By default a single attempt may take 30 seconds.
  assert [ $((SECONDS - start)) -lt 25 ]
  assert_nothing_imported
}

@test "a registry whose name is unknown" {
  run pyxis pull registry.invalid/busybox
  assert_only_error registry.invalid "resolve"
  assert_nothing_imported
}

@test "an image and a tag that do not exist" {
  run pyxis pull "$REGISTRY/no/such/image"
  assert_only_error no/such/image "404 Not Found" "check the name and tag"
  run pyxis pull "$REGISTRY/busybox:no-such-tag"
  assert_only_error no-such-tag "404 Not Found" "check the name and tag"
  run pyxis pull "$REGISTRY/busybox@sha256:$(printf 'a%.0s' {1..64})"
  assert_only_error sha256:aaaa "404 Not Found"
  assert_nothing_imported
}

@test "after each of these failures the same store takes the image" {
  local kind
  for kind in corrupt truncate-always wrongsize corrupt-config; do
    run pyxis ENROOT_TRANSFER_RETRIES=1 pull "$FAULTD/$kind/busybox"
    assert_failure
  done
  run -0 pyxis load "$FAULTD/ok/busybox"
  run -0 pyxis start ok+busybox true
  assert_nothing_left
}
