# What a site says of registries: mirrors, other places, what is blocked, and whose certificates are believed.
#
# upstream.invalid is nobody: what comes from there comes from a mirror.

load helpers

setup() {
  make_home
  site=$TEST_HOME/site
  log=$BATS_TEST_TMPDIR/requests
  mkdir -p "$site"
}
teardown() { remove_home; }

# A registry on a port of its own, $port, that shows in $log what it was asked.
registry() { # [OPTION...]
  coproc registry { "$repo/tests/support/odd_registry" --log "$log" "$@" 3>&-; }
  exec {server}>&"${registry[1]}"
  read -r -t 20 port <&"${registry[0]}"
}

policy() { # < TEXT
  cat >"$site/registries.conf"
  chmod 644 "$site/registries.conf"
}

pull() { # [VARIABLE=value...] IMAGE
  pyxis ENROOT_SYSCONF_PATH="$site" "${@:1:$#-1}" pull "docker://${*: -1}"
}

# --- mirrors ---

@test "a mirror is asked in the place of a registry that cannot be reached, and that is said once" {
  registry --of "$REGISTRY"
  policy <<<"[[registry]]
    location = 'upstream.invalid'
    [[registry.mirror]]
    location = '127.0.0.1:$port'"
  run -0 pull upstream.invalid/layers
  assert_equal "$(grep -c "layers of upstream.invalid come from its mirror 127.0.0.1:$port" <<<"$output")" 1
  run -0 cat "$log"
  assert_line "GET /v2/layers/manifests/latest"
  assert_line --regexp "^GET /v2/layers/blobs/sha256:"
  run -0 pyxis images
  assert_output --partial upstream.invalid/layers
}

@test "a mirror of the site's drop-in directory counts as well, and a later file for the same prefix wins" {
  mkdir -p "$site/registries.conf.d"
  policy <<<"[[registry]]
    location = 'upstream.invalid'
    blocked = true"
  printf '[[registry]]\nprefix = "upstream.invalid"\nlocation = "%s"\n' "$REGISTRY" >"$site/registries.conf.d/50-cache.conf"
  run -0 pull upstream.invalid/busybox
}

@test "registries.conf may be a link, and have what is for other tools" {
  policy <<<"unqualified-search-registries = ['docker.io']
    short-name-mode = 'enforcing'
    credential-helpers = ['containers-auth.json']
    [aliases]
    'box' = 'upstream.invalid/busybox'
    [[registry]]
    prefix = 'upstream.invalid'
    location = '$REGISTRY'"
  mv "$site/registries.conf" "$BATS_TEST_TMPDIR/elsewhere"
  ln -s "$BATS_TEST_TMPDIR/elsewhere" "$site/registries.conf"
  chmod -R a+rX "$BATS_TEST_TMPDIR" "$BATS_SUITE_TMPDIR" "$BATS_RUN_TMPDIR"
  run -0 pull upstream.invalid/busybox
}

@test "a mirror that is down is asked once, said so once, and the registry has the rest" {
  policy <<<"[[registry]]
    location = '$REGISTRY'
    [[registry.mirror]]
    location = '127.0.0.1:1'"
  mark_requests anonymous
  run -0 pull "$REGISTRY/layers"
  assert_equal "$(grep -c "a mirror does not answer: 127.0.0.1:1" <<<"$output")" 1
  run requests anonymous
  assert_output --regexp "/v2/layers/blobs/"
}

@test "what a mirror has not, or answers with an error, comes from the next one" {
  registry --status 404
  local nothing=$port
  registry --status 503
  policy <<<"[[registry]]
    location = 'upstream.invalid'
    [[registry.mirror]]
    location = '127.0.0.1:$nothing'
    [[registry.mirror]]
    location = '127.0.0.1:$port'
    [[registry.mirror]]
    location = '$FAULTD/corrupt-manifest'
    [[registry.mirror]]
    location = '$FAULTD/r401'
    [[registry.mirror]]
    location = '$FAULTD/ok'"
  run -0 pull upstream.invalid/busybox
  assert_output --partial "its mirror $FAULTD"
}

@test "a layer that breaks off at a mirror goes on at the registry, and is right" {
  fault reset
  policy <<<"[[registry]]
    location = '$REGISTRY'
    [[registry.mirror]]
    location = '$FAULTD/truncate-always'"
  run -0 pull "$REGISTRY/layers"
  mark_requests anonymous
  assert_nothing_left
}

@test "bytes of a mirror that are not those of the digest are an error that names it" {
  policy <<<"[[registry]]
    location = 'upstream.invalid'
    [[registry.mirror]]
    location = '$FAULTD/corrupt'"
  run pull upstream.invalid/busybox
  assert_one_error "its content has the digest"
  assert_output --partial "mirror $FAULTD"
  assert_equal "$(layer_count)" 0
}

@test "what all of them have said is in the error" {
  registry --status 503
  policy <<<"[[registry]]
    location = '$REGISTRY'
    [[registry.mirror]]
    location = '127.0.0.1:$port'"
  run pull "$REGISTRY/absent"
  assert_one_error "$REGISTRY answered 404" "asked before: 127.0.0.1:$port answered 503"
}

@test "mirrors for digests only, and for tags only" {
  local digest
  digest=$(pyxis digest "$REGISTRY/busybox")
  registry --of "$REGISTRY"
  policy <<<"[[registry]]
    location = '$REGISTRY'
    [[registry.mirror]]
    location = '127.0.0.1:$port'
    pull-from-mirror = 'digest-only'"
  run -0 pull "$REGISTRY/busybox"
  run -0 cat "$log"
  refute_output --partial manifests/latest
  assert_output --partial /blobs/

  as_user rm -rf "$(store)"
  : >"$log"
  sed -i s/digest-only/tag-only/ "$site/registries.conf"
  run -0 pull "$REGISTRY/busybox@$digest"
  assert_equal "$(grep -c manifests "$log" || true)" 0
  as_user rm -rf "$(store)"
  run -0 pull "$REGISTRY/busybox"
  run -0 cat "$log"
  assert_output --partial manifests/latest
  assert_output --partial /blobs/
}

# --- other places ---

@test "the longest prefix decides, and what is behind it stays" {
  policy <<<"[[registry]]
    location = 'upstream.invalid'
    blocked = true
    [[registry]]
    prefix = 'upstream.invalid/team/sub'
    location = '$REGISTRY/public'
    [[registry]]
    prefix = 'upstream.invalid/team'
    location = '$REGISTRY/nowhere'"
  mark_requests anonymous
  run -0 pull upstream.invalid/team/sub/busybox
  run requests anonymous
  assert_output --partial /v2/public/busybox/manifests/latest
  run pull upstream.invalid/team/substitute
  assert_one_error "$REGISTRY answered 404"
}

@test "all hosts of a domain, and docker.io" {
  policy <<<"[[registry]]
    prefix = '*.invalid'
    location = '$REGISTRY'
    [[registry]]
    prefix = 'docker.io/library'
    location = '$REGISTRY'"
  run -0 pull some.invalid/busybox
  as_user rm -rf "$(store)"
  run -0 pull busybox
}

@test "what is blocked is not asked for, and the error names the file" {
  policy <<<"[[registry]]
    prefix = '$REGISTRY/public'
    blocked = true"
  mark_requests anonymous
  run pull "$REGISTRY/public/busybox"
  assert_only_error "the site has blocked '$REGISTRY/public'" "$site/registries.conf:1"
  run requests anonymous
  assert_output ""
  run -0 pull "$REGISTRY/busybox"
}

# --- credentials ---

@test "what the user shows to a registry is not shown to its mirror" {
  registry --status 404
  write_secret .config/enroot/.credentials "machine $REGISTRY_BASIC login alice password wonderland"
  policy <<<"[[registry]]
    location = '$REGISTRY_BASIC'
    [[registry.mirror]]
    location = '127.0.0.1:$port'"
  run -0 pull "$REGISTRY_BASIC/busybox"
  run -0 cat "$log"
  assert_output --partial /v2/busybox/blobs/
  refute_output --partial authorization
}

@test "a mirror that wants a login gets the user's for it, and is passed over without" {
  policy <<<"[[registry]]
    location = 'upstream.invalid'
    [[registry.mirror]]
    location = '$REGISTRY_BASIC'"
  run pull upstream.invalid/busybox
  assert_one_error "upstream.invalid" "asked before: $REGISTRY_BASIC answered 401"
  write_secret .config/enroot/.credentials "machine $REGISTRY_BASIC login alice password wonderland"
  run -0 pull upstream.invalid/busybox
}

# --- certificates ---

certificates() { # an authority, what it signed for 127.0.0.1, and for a client: ca.pem, both.pem, client.pem, client.key
  local name
  cd "$BATS_TEST_TMPDIR"
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=pyxis-test-authority -keyout ca.key -out ca.pem 2>/dev/null
  for name in server client; do
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout $name.key -out $name.csr 2>/dev/null
    openssl x509 -req -days 2 -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out $name.pem \
      -extfile <(echo "subjectAltName=IP:127.0.0.1") 2>/dev/null
  done
  cat server.pem server.key >both.pem
  cd - >/dev/null
}

@test "an authority of certs.d is believed for its registry, and for no other" {
  certificates
  registry --certificate "$BATS_TEST_TMPDIR/both.pem" --of "$REGISTRY"
  run pull "127.0.0.1:$port/busybox"
  assert_one_error certificate certs.d
  install -D -m 644 "$BATS_TEST_TMPDIR/ca.pem" "$site/certs.d/127.0.0.1:$port/ca.crt"
  run -0 pull "127.0.0.1:$port/busybox"
  registry --certificate "$BATS_TEST_TMPDIR/both.pem" --of "$REGISTRY"
  run pull "127.0.0.1:$port/busybox"
  assert_one_error certificate
}

@test "an authority of certs.d is besides what SSL_CERT_FILE names" {
  certificates
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other -keyout /dev/null -out "$TEST_HOME/other.pem" 2>/dev/null
  chmod 644 "$TEST_HOME/other.pem"
  registry --certificate "$BATS_TEST_TMPDIR/both.pem" --of "$REGISTRY"
  install -D -m 644 "$BATS_TEST_TMPDIR/ca.pem" "$site/certs.d/127.0.0.1:$port/ca.crt"
  run -0 pull SSL_CERT_FILE="$TEST_HOME/other.pem" "127.0.0.1:$port/busybox"
}

@test "a client's certificate of certs.d is shown to its registry" {
  certificates
  registry --certificate "$BATS_TEST_TMPDIR/both.pem" --clients "$BATS_TEST_TMPDIR/ca.pem" --of "$REGISTRY"
  local directory="$site/certs.d/127.0.0.1:$port"
  install -D -m 644 "$BATS_TEST_TMPDIR/ca.pem" "$directory/ca.crt"
  run pull ENROOT_TRANSFER_RETRIES=1 "127.0.0.1:$port/busybox"
  assert_failure
  install -m 644 "$BATS_TEST_TMPDIR/client.pem" "$directory/node.cert"
  run pull "127.0.0.1:$port/busybox"
  assert_one_error "$directory/node.key" "No such file"
  install -m 644 "$BATS_TEST_TMPDIR/client.key" "$directory/node.key"
  run -0 pull "127.0.0.1:$port/busybox"
}

# --- what is wrong ---

@test "what others can change is refused: the file, its directory, certificates" {
  policy <<<"[[registry]]
    location = 'upstream.invalid'"
  chmod o+w "$site/registries.conf"
  run pull "$REGISTRY/busybox"
  assert_only_error "$site/registries.conf can be changed by other users"
  chmod o-w "$site/registries.conf"
  chmod o+w "$site"
  run pull "$REGISTRY/busybox"
  assert_only_error "$site can be changed by other users"
  chmod o-w "$site"
  certificates
  registry --certificate "$BATS_TEST_TMPDIR/both.pem" --of "$REGISTRY"
  install -D -m 666 "$BATS_TEST_TMPDIR/ca.pem" "$site/certs.d/127.0.0.1:$port/ca.crt"
  run pull "127.0.0.1:$port/busybox"
  assert_one_error "ca.crt can be changed by other users"
}

@test "errors in the file name file, line and key" {
  policy <<<"[[registry]]
    location = 'upstream.invalid'
    mirrors = ['a.example']"
  run pull "$REGISTRY/busybox"
  assert_only_error "$site/registries.conf:3: unknown key 'mirrors'"
  policy <<<"[[registry]"
  run pull "$REGISTRY/busybox"
  assert_only_error "$site/registries.conf:1"
}

@test "pyxis doctor shows what is in force for a registry" {
  certificates
  registry --certificate "$BATS_TEST_TMPDIR/both.pem"
  policy <<<"[[registry]]
    location = '127.0.0.1:$port'
    [[registry.mirror]]
    location = 'cache.example.com/hub'
    insecure = true
    [[registry]]
    prefix = '*.blocked.example'
    blocked = true"
  install -D -m 644 "$BATS_TEST_TMPDIR/ca.pem" "$site/certs.d/127.0.0.1:$port/ca.crt"
  run pyxis ENROOT_SYSCONF_PATH="$site" doctor --registry "127.0.0.1:$port" --registry x.blocked.example
  assert_output --regexp "127.0.0.1:$port: policy.* cache.example.com/hub \(plain http is allowed\), then 127.0.0.1:$port, by $site/registries.conf:1"
  assert_output --regexp "127.0.0.1:$port: certificates +from $site/certs.d/127.0.0.1:$port"
  assert_output --partial "certificate verified"
  assert_output --regexp "fail +x.blocked.example +.*the site has blocked"
}
