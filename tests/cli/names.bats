# What a name stands for as time goes by: tags that move, digests that do not, registries that are away.

load helpers

setup() { make_home; }
teardown() { remove_home; }

# Makes pyxis-cli/moving:tag what NAME is.
move_tag() { # NAME
  skopeo copy --quiet --src-tls-verify=false --dest-tls-verify=false "docker://$REGISTRY/$1" "docker://$REGISTRY/pyxis-cli/moving:tag"
}

@test "a tag that moved is noticed at the next pull, and containers keep what they were made of" {
  move_tag busybox
  run -0 pyxis load -n old "$FAULTD/ok/pyxis-cli/moving:tag"
  local old=$(pyxis digest "$FAULTD/ok/pyxis-cli/moving:tag")
  move_tag busybox:entrypoint
  run -0 --separate-stderr pyxis pull "$FAULTD/ok/pyxis-cli/moving:tag"
  refute_output "$old"
  run -0 pyxis load -n new "$FAULTD/ok/pyxis-cli/moving:tag"
  run -0 pyxis start new test -e /entrypoint
  run -1 pyxis start old test -e /entrypoint
  # Back again: nothing is downloaded.
  move_tag busybox
  mark_requests
  run -0 --separate-stderr pyxis pull "$FAULTD/ok/pyxis-cli/moving:tag"
  assert_output "$old"
  run requests
  refute_output --partial /blobs/
}

@test "a digest that is present needs no network" {
  local digest
  digest=$(pyxis digest "$FAULTD/ok/busybox")
  run -0 pyxis load -n one "$FAULTD/ok/busybox@$digest"
  mark_requests
  run -0 pyxis load -n two "$FAULTD/ok/busybox@$digest"
  run -0 pyxis load -n three "$FAULTD/ok/busybox:whatever@$digest"
  run requests
  assert_output ""
}

@test "a digest that is present needs no network at all, an absent one does" {
  local digest
  digest=$(pyxis digest "$REGISTRY/busybox")
  run -0 pyxis pull "$REGISTRY/busybox@$digest"
  wrapped=(unshare --net)
  run -0 pyxis load "$REGISTRY/busybox@$digest"
  refute_output --partial "[WARN]"
  run pyxis pull "$REGISTRY/zstd@$digest"
  assert_only_error "$REGISTRY"
}

@test "an unreachable registry: the image as last imported is used, with a warning that says why" {
  run -0 --separate-stderr pyxis pull "$REGISTRY/busybox"
  local digest=$output
  wrapped=(unshare --net)
  run -0 --separate-stderr pyxis pull "$REGISTRY/busybox"
  assert_output "$digest"
  output=$stderr assert_output --regexp "^\[WARN\] using the image $REGISTRY/busybox as it was last imported: .*$REGISTRY.*Network is unreachable"
  assert_equal "$(messages <<<"$stderr" | wc -l)" 1
  run -0 pyxis load "$REGISTRY/busybox"
  run -0 pyxis start busybox true
  # Another tag of the same repository is not known.
  run pyxis pull "$REGISTRY/busybox:workdir"
  assert_only_error "Network is unreachable"
}

@test "an image that the registry does not have any more is not used as last imported" {
  skopeo copy --quiet --src-tls-verify=false --dest-tls-verify=false "docker://$REGISTRY/busybox" "docker://$REGISTRY/pyxis-cli/gone"
  run -0 pyxis pull "$REGISTRY/pyxis-cli/gone"
  skopeo delete --tls-verify=false "docker://$REGISTRY/pyxis-cli/gone"
  run pyxis pull "$REGISTRY/pyxis-cli/gone"
  assert_only_error "404 Not Found"
}
