# Which images registries give to whom, and what is said when they do not: identities, platforms, media types.

load helpers

setup() { make_home; }
teardown() {
  curl -fsS -X POST "http://$TOKEN_SERVER/_control" >/dev/null
  fault release
  remove_home
}

credentials=.config/enroot/.credentials

docker_login() { # REGISTRY USER:PASSWORD
  write_secret .docker/config.json "{\"auths\": {\"$1\": {\"auth\": \"$(printf %s "$2" | base64 -w0)\"}}}"
}

digest_in_registry() { # NAME [ARCHITECTURE]
  skopeo inspect --tls-verify=false --raw "docker://$REGISTRY/$1" | if [[ $# == 2 ]]; then
    jq -r --arg architecture "$2" '.manifests[] | select(.platform.architecture == $architecture).digest'
  else
    sha256sum | sed 's/^/sha256:/; s/ .*//'
  fi
}

# --- identities ---

@test "anonymously: pull prints the digest, and only that on stdout" {
  run -0 --separate-stderr pyxis pull "docker://$REGISTRY/busybox"
  assert_output "$(digest_in_registry busybox)"
  assert_nothing_left
}

@test "Basic: without credentials the error says who asked, and where credentials would be looked for" {
  run pyxis pull "docker://$REGISTRY_BASIC/busybox"
  assert_only_error "401" anonymous "$REGISTRY_BASIC" "$TEST_HOME/$credentials" "$TEST_HOME/.docker/config.json" "docker login $REGISTRY_BASIC"
}

@test "Basic: from .credentials, by host and by host:port" {
  write_secret $credentials "machine $REGISTRY_BASIC login alice password wonderland"
  run -0 pyxis digest "$REGISTRY_BASIC/busybox"
  write_secret $credentials "machine 127.0.0.1 login alice password wonderland"
  run -0 pyxis digest "$REGISTRY_BASIC/busybox"
}

@test "Basic: a secret that is a shell expression" {
  write_secret $credentials "machine $REGISTRY_BASIC login alice password \$(printf %s wonder)land"
  run -0 pyxis digest "$REGISTRY_BASIC/busybox"
}

@test "Basic: from ENROOT_CONFIG_PATH" {
  write_secret elsewhere/.credentials "machine $REGISTRY_BASIC login alice password wonderland"
  run -0 pyxis ENROOT_CONFIG_PATH="$TEST_HOME/elsewhere" digest "$REGISTRY_BASIC/busybox"
}

@test "Basic: from docker's config.json" {
  docker_login "$REGISTRY_BASIC" alice:wonderland
  run -0 pyxis digest "$REGISTRY_BASIC/busybox"
}

@test "Basic: from a credential helper of docker's config.json" {
  as_user mkdir "$TEST_HOME/bin"
  as_user tee "$TEST_HOME/bin/docker-credential-test" >/dev/null <<'END'
#!/bin/sh
read -r server
echo "{\"ServerURL\": \"$server\", \"Username\": \"alice\", \"Secret\": \"wonderland\"}"
END
  as_user chmod 755 "$TEST_HOME/bin/docker-credential-test"
  write_secret .docker/config.json "{\"credHelpers\": {\"$REGISTRY_BASIC\": \"test\"}}"
  run -0 pyxis PATH="$TEST_HOME/bin:/usr/bin:/bin" digest "$REGISTRY_BASIC/busybox"
  run pyxis digest "$REGISTRY_BASIC/busybox"
  assert_only_error docker-credential-test "not found in PATH"
}

@test "Basic: .credentials comes before config.json" {
  write_secret $credentials "machine $REGISTRY_BASIC login alice password wonderland"
  docker_login "$REGISTRY_BASIC" alice:wrong
  run -0 pyxis digest "$REGISTRY_BASIC/busybox"
}

@test "Basic: a wrong password is said, with user and file, and never repeated" {
  write_secret $credentials "machine $REGISTRY_BASIC login alice password looking-glass"
  run pyxis pull "$REGISTRY_BASIC/busybox"
  assert_only_error 401 alice "$TEST_HOME/$credentials" "password"
  refute_output --partial looking-glass
  as_user rm "$TEST_HOME/$credentials"
  docker_login "$REGISTRY_BASIC" alice:looking-glass
  run pyxis pull "$REGISTRY_BASIC/busybox"
  assert_only_error 401 alice "$TEST_HOME/.docker/config.json"
  refute_output --partial looking-glass
  assert_nothing_left
}

@test "Basic: the USER of the name selects the entry" {
  write_secret $credentials "machine $REGISTRY_BASIC login bob password builder
machine $REGISTRY_BASIC login alice password wonderland"
  run pyxis digest "$REGISTRY_BASIC/busybox"
  assert_only_error 401 bob
  run -0 pyxis digest "docker://alice@$REGISTRY_BASIC/busybox"
  run -0 pyxis digest "docker://alice@$REGISTRY_BASIC#busybox"
  run pyxis digest "docker://carol@$REGISTRY_BASIC/busybox"
  assert_only_error carol "no credentials for user carol"
}

@test "credentials that others can read draw a warning" {
  write_secret $credentials "machine $REGISTRY_BASIC login alice password wonderland"
  as_user chmod 644 "$TEST_HOME/$credentials"
  run -0 pyxis digest "$REGISTRY_BASIC/busybox"
  assert_line --regexp "^\[WARN\] .*$credentials.*chmod 600"
}

@test "a secret that is a shell expression is not executed where others can have written it" {
  write_secret $credentials "machine $REGISTRY_BASIC login alice password \$(touch $TEST_HOME/executed; echo wonderland)"
  as_user chmod 622 "$TEST_HOME/$credentials"
  run pyxis digest "$REGISTRY_BASIC/busybox"
  assert_only_error "$credentials line 1: its shell expression" 'can be changed by other users'
  chown daemon: "$TEST_HOME/$credentials"
  chmod 644 "$TEST_HOME/$credentials"
  run pyxis digest "$REGISTRY_BASIC/busybox"
  assert_only_error "$credentials line 1: its shell expression" 'belongs to another user'
  assert [ ! -e "$TEST_HOME/executed" ]
}

@test "Bearer: anonymously what is public" {
  run -0 pyxis pull "$REGISTRY_TOKEN/public/busybox"
}

@test "Bearer: anonymously what is not public is refused" {
  run pyxis pull "$REGISTRY_TOKEN/busybox"
  assert_only_error 401 anonymous "$REGISTRY_TOKEN"
}

@test "Bearer: with the user's password" {
  write_secret $credentials "machine $REGISTRY_TOKEN login alice password wonderland"
  mark_requests token-server
  run -0 pyxis pull "$REGISTRY_TOKEN/busybox"
  run requests token-server
  assert_output --partial user=alice
}

@test "Bearer: the logins of the recipes: a sign of the shell's in a user's name, secrets made anew, a key file, quotes" {
  local program logins line user count=0
  as_user mkdir "$TEST_HOME/bin"
  while read -r program line; do
    printf '#!/bin/sh\n[ "$*" = "%s" ] && echo wonderland\n' "$line" | as_user tee "$TEST_HOME/bin/$program" >/dev/null
    as_user chmod 755 "$TEST_HOME/bin/$program"
  done <<'END'
aws ecr get-login-password --region eu-west-1
gcloud auth print-access-token
az acr login --name team --expose-token --output tsv --query accessToken
END
  write_secret key.json "$(logins_of_token_server | jq -r '._json_key')"
  logins=$(sed -n '/^<!-- login lines/,/^```$/s/^machine [^ ]*/machine REGISTRY/p' "$repo/docs/recipes.md" |
    sed -e "s/REGISTRY/$REGISTRY_TOKEN/; s/USER/alice/; s/password SECRET$/password wonderland/" -e 's/"SECRET"$/"$wonder\\"\\\\land"/')
  while read -r line; do
    user=$(cut -d' ' -f4 <<<"$line")
    write_secret $credentials "$line"
    mark_requests token-server
    run -0 pyxis PATH="$TEST_HOME/bin:/usr/bin:/bin" digest "$REGISTRY_TOKEN/busybox"
    run requests token-server
    assert_output --partial "user=$user"
    ((++count))
  done <<<"$logins"
  assert_equal "$count" 10
  # All in one file: the name of the image says whose it is.
  write_secret $credentials "$logins"
  mark_requests token-server
  # shellcheck disable=SC2016
  run -0 pyxis digest 'docker://$oauthtoken@'"$REGISTRY_TOKEN#busybox"
  run requests token-server
  assert_output --partial 'user=$oauthtoken'
  as_user rm "$TEST_HOME/$credentials"
  # shellcheck disable=SC2016
  docker_login "$REGISTRY_TOKEN" '$oauthtoken:wonderland'
  run -0 pyxis digest "$REGISTRY_TOKEN/busybox"
}

logins_of_token_server() {
  PYTHONPATH=$repo/tests/support PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -c 'import http_service, json; print(json.dumps(http_service.LOGINS))'
}

@test "Bearer: a wrong password is the token server's word" {
  write_secret $credentials "machine $REGISTRY_TOKEN login alice password looking-glass"
  run pyxis pull "$REGISTRY_TOKEN/busybox"
  assert_only_error 401 alice "token server" "incorrect username or password"
  refute_output --partial looking-glass
}

@test "Bearer: both names of a token are understood" {
  local field
  for field in token access_token; do
    curl -fsS -X POST "http://$TOKEN_SERVER/_control?field=$field" >/dev/null
    run -0 pyxis digest "$REGISTRY_TOKEN/public/busybox"
  done
}

@test "Bearer: tokens that end during the pull are renewed" {
  # The registry refuses a token at once, and the answer promised five minutes: every request finds its token too old.
  curl -fsS -X POST "http://$TOKEN_SERVER/_control?lifetime=1&reported=300" >/dev/null
  mark_requests token-server
  run -0 pyxis pull "$REGISTRY_TOKEN/public/bookworm"
  run requests token-server
  assert_output --partial user=anonymous
}

@test "a redirected blob is fetched without the registry's credentials, on another port and on another host" {
  local kind
  write_secret $credentials "machine $FAULTD login alice password wonderland"
  for kind in redirect redirect-host; do
    as_user rm -rf "$(store)"
    mark_requests
    run -0 pyxis pull "$FAULTD/$kind/busybox"
    run requests
    assert_output --partial "authorization=no"
    refute_output --partial "authorization=yes"
  done
}

# --- platforms ---

@test "an index is read for this machine's architecture" {
  run -0 pyxis load "$REGISTRY/multiarch"
  run -0 pyxis start multiarch cat /architecture
  assert_output amd64
}

@test "an image of one architecture is not taken for another's, present or not" {
  for _ in absent present; do
    run pyxis pull -a arm64 "$REGISTRY/busybox"
    assert_only_error "the image is for linux/amd64, not for linux/arm64"
    run -0 pyxis pull "$REGISTRY/busybox"
  done
}

@test "an architecture that there is not is refused, and those known are named" {
  run pyxis load -a sparc -n w4 "$REGISTRY/busybox"
  assert_only_error "unknown architecture 'sparc'" amd64 arm64
  assert_equal "$(pyxis list)" ""
}

@test "--arch chooses from an index, and names differ by architecture" {
  local architecture
  for architecture in arm64 amd64; do
    run -0 --separate-stderr pyxis pull -a "$architecture" "$REGISTRY/multiarch"
    assert_output "$(digest_in_registry multiarch "$architecture")"
    run -0 pyxis digest --arch "$architecture" "$REGISTRY/multiarch"
    assert_output "$(digest_in_registry multiarch "$architecture")"
  done
  run -0 pyxis pull --arch arm/v7 "$REGISTRY/multiarch"
  run pyxis pull --arch riscv64 "$REGISTRY/multiarch"
  assert_only_error linux/riscv64 linux/amd64 linux/arm64
}

@test "load --arch makes a container of that architecture's image" {
  run -0 pyxis load --arch arm64 -n other "$REGISTRY/multiarch"
  run -0 pyxis load -a amd64 -n own "$REGISTRY/multiarch"
  # That of another architecture does not run here; what it is made of can be read.
  assert_equal "$(cat "$(store)"/layers/sha256/*/fs/architecture | sort | tr '\n' ' ')" 'amd64 arm64/v8 '
  local name architecture
  for name in other:arm64 own:amd64; do
    architecture=${name#*:}
    run -0 jq -r '.image // .digest' "$(echo "$(store)"/containers/*/"${name%:*}"/container.json)"
    assert_output "$(digest_in_registry multiarch "$architecture")"
  done
  run -0 pyxis start own cat /architecture
  assert_output amd64
}

@test "an image for other machines is refused, with and without an index, and what there is is named" {
  run pyxis pull "$REGISTRY/arm64only"
  assert_only_error linux/amd64 linux/arm64
  run pyxis pull "$REGISTRY/arm64only:manifest"
  assert_only_error linux/amd64 linux/arm64
  assert_equal "$(layer_count)" 0
  assert_nothing_left
}

# --- media types ---

@test "Docker's schema 2, as manifest and as list" {
  run -0 pyxis load "$REGISTRY/docker2"
  run -0 pyxis start docker2 true
  run -0 pyxis load "$REGISTRY/docker2:list"
  run -0 pyxis start docker2+list true
}

@test "layers with gzip, with zstd and uncompressed in one image" {
  run -0 pyxis load "$REGISTRY/zstd"
  run -0 pyxis start zstd cat /layers/zstd /layers/plain
  assert_output $'zstd\nplain'
  run -0 pyxis load "$REGISTRY/zstd:all"
  run -0 pyxis start zstd+all cat /layers/zstd
  assert_output zstd
}

@test "an image of 70 layers, the last of which wins" {
  run -0 pyxis load "$REGISTRY/wide"
  run -0 pyxis start wide sh -c 'ls /wide | wc -l; cat /wide/last /wide/1'
  assert_output $'70\n69\n1'
}

@test "digest is the registry's, by tag and by digest, and downloads nothing" {
  local digest
  digest=$(digest_in_registry busybox)
  run -0 pyxis digest "$REGISTRY/busybox"
  assert_output "$digest"
  run -0 pyxis digest "$REGISTRY/busybox@$digest"
  assert_output "$digest"
  run -0 pyxis digest "docker://$REGISTRY/busybox:latest@$digest"
  assert_output "$digest"
  refute [ -e "$(store)" ]
}

@test "both forms of a name with a registry mean the same image" {
  run -0 pyxis pull "docker://$FAULTD/ok/busybox:latest"
  mark_requests
  run -0 pyxis pull "docker://$FAULTD#ok/busybox"
  run requests
  refute_output --partial /blobs/
}
