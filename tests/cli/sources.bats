# Images that come from no registry: OCI layouts, archives, container engines on this machine.

load helpers

setup_file() {
  load helpers
  make_home
  # As the user may have got them: for everybody to read.
  export MADE=$BATS_FILE_TMPDIR/made
  mkdir "$MADE"
  chmod 755 "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR" "$MADE"
  copy busybox "oci:$MADE/layout:plain"
  copy busybox:entrypoint "oci:$MADE/layout:entry"
  copy busybox "oci:$MADE/single"
  copy zstd "oci-archive:$MADE/oci.tar"
  copy busybox:entrypoint "docker-archive:$MADE/docker.tar:example/busybox:entry"
  copy --all multiarch "oci:$MADE/multiarch:all"
  gzip -1 <"$MADE/docker.tar" >"$MADE/docker.tar.gz"
}
teardown_file() {
  load helpers
  remove_home
}
teardown() {
  assert_nothing_left
  as_user rm -rf "$(store)" "$TEST_HOME/bin"
}

copy() { # [OPTION] NAME DESTINATION
  local options=()
  [[ $1 != --* ]] || { options=("$1") && shift; }
  skopeo copy --quiet "${options[@]}" --src-tls-verify=false "docker://$REGISTRY/$1" "$2"
}

# The archive of the same members, of which SCRIPT has changed some; it runs where they are.
altered() { # ARCHIVE SCRIPT
  local place=$BATS_TEST_TMPDIR/members
  mkdir "$place"
  tar -C "$place" -xf "$1"
  (cd "$place" && eval "$2") >/dev/null
  tar -C "$place" -cf "$TEST_HOME/altered.tar" .
}

@test "oci: an image of a layout, by its name or as the only one" {
  run -0 pyxis load -n plain "oci:$MADE/layout:plain"
  run -0 pyxis load -n entry "oci:$MADE/layout:entry"
  run -0 pyxis load -n single "oci:$MADE/single"
  run -0 pyxis start plain sh -c 'echo "$IMAGE_VARIABLE"; [ ! -e /entrypoint ]'
  assert_output 'from the image'
  run -0 pyxis start entry ls /entrypoint
  run -0 pyxis start single sh -c 'echo "$IMAGE_VARIABLE"'
  assert_output 'from the image'
  # One image, whatever way it came.
  run -0 --separate-stderr pyxis pull "oci:$MADE/single"
  assert_output "$(pyxis digest "$REGISTRY/busybox")"
}

@test "oci: several images and no name, another name, another directory" {
  run pyxis pull "oci:$MADE/layout"
  assert_only_error "oci:$MADE/layout" 'it holds several images: entry, plain'
  run pyxis pull "oci:$MADE/layout:other"
  assert_only_error 'it holds no image named other; it holds: entry, plain'
  run pyxis pull "oci:$TEST_HOME"
  assert_only_error "$TEST_HOME" 'this directory is no OCI layout'
  run pyxis pull oci:/no/such/directory
  assert_only_error '/no/such/directory: No such file or directory'
}

@test "oci: paths are relative to where one is" {
  as_user cp -r "$MADE/single" "$TEST_HOME/here"
  run -0 pyxis load -n here oci:here
  run -0 pyxis start here true
  run -0 pyxis images
  assert_line --partial "oci:$TEST_HOME/here"
  rm -r "$TEST_HOME/here"
}

@test "oci: for this machine's architecture, or another" {
  run -0 pyxis load "--name=own" "oci:$MADE/multiarch:all"
  run -0 pyxis start own cat /architecture
  assert_output amd64
  run -0 --separate-stderr pyxis pull -a arm64 "oci:$MADE/multiarch:all"
  assert_output "$(pyxis digest -a arm64 "$REGISTRY/multiarch")"
  run pyxis pull -a s390x "oci:$MADE/multiarch:all"
  assert_only_error linux/s390x linux/amd64 linux/arm64
}

@test "oci: what was altered is found" {
  local blob
  as_user cp -r "$MADE/single" "$TEST_HOME/damaged"
  blob=$(find "$TEST_HOME/damaged/blobs" -type f -printf '%s %p\n' | sort -n | tail -n 1 | cut -d' ' -f2)
  printf x | dd of="$blob" bs=1 seek=1000 conv=notrunc status=none
  run pyxis pull "oci:$TEST_HOME/damaged"
  assert_one_error "sha256:$(basename "$blob")"
  assert_equal "$(layer_count)" 0
  truncate -s 500 "$blob"
  run pyxis pull "oci:$TEST_HOME/damaged"
  assert_one_error "sha256:$(basename "$blob")"
  rm "$blob"
  run pyxis pull "oci:$TEST_HOME/damaged"
  assert_one_error "blobs/sha256/$(basename "$blob"): No such file or directory"
  ln -s /etc/passwd "$blob"
  run pyxis pull "oci:$TEST_HOME/damaged"
  assert_one_error "$(basename "$blob")" 'No such file or directory'
  rm -r "$TEST_HOME/damaged"
}

@test "oci-archive: an image of several layers" {
  run -0 pyxis load -n box "oci-archive:$MADE/oci.tar"
  run -0 pyxis start box cat /layers/zstd /layers/plain
  assert_output $'zstd\nplain'
}

@test "docker-archive: as docker save writes it, compressed or not" {
  local file
  for file in docker.tar docker.tar.gz; do
    run -0 pyxis load --force -n box "docker-archive:$MADE/$file"
    run -0 pyxis start box sh -c 'ls /entrypoint; echo "$PATH"'
    assert_line /entrypoint
    assert_line /usr/local/bin:/usr/bin:/bin
  done
  assert_equal "$(layer_count)" 2
}

@test "docker-archive: a large image" {
  copy trixie "docker-archive:$TEST_HOME/large.tar"
  run -0 pyxis load -n large "docker-archive:$TEST_HOME/large.tar"
  run -0 pyxis start large grep VERSION_CODENAME /etc/os-release
  assert_output VERSION_CODENAME=trixie
  rm "$TEST_HOME/large.tar"
}

@test "an archive that has not changed is not read again; one that has is" {
  as_user cp "$MADE/docker.tar" "$TEST_HOME/image.tar"
  run -0 --separate-stderr pyxis pull "docker-archive:$TEST_HOME/image.tar"
  local first=$output
  wrapped=(strace -f -qq -o "$BATS_TEST_TMPDIR/trace" -e trace=openat,open)
  run -0 --separate-stderr pyxis ASAN_OPTIONS=detect_leaks=0 pull "docker-archive:$TEST_HOME/image.tar"
  wrapped=()
  assert_output "$first"
  assert grep -q 'meta.json' "$BATS_TEST_TMPDIR/trace"
  run ! grep -F image.tar "$BATS_TEST_TMPDIR/trace"
  copy busybox "docker-archive:$TEST_HOME/other.tar"
  mv "$TEST_HOME/other.tar" "$TEST_HOME/image.tar"
  run -0 --separate-stderr pyxis pull "docker-archive:$TEST_HOME/image.tar"
  refute_output "$first"
  rm "$TEST_HOME/image.tar"
}

@test "archives of the other kind, of several images, and of none" {
  run pyxis pull "oci-archive:$MADE/docker.tar"
  assert_only_error "$MADE/docker.tar: it has no index.json" docker-archive:FILE
  run pyxis pull "docker-archive:$MADE/oci.tar"
  assert_only_error "$MADE/oci.tar: it has no manifest.json" oci-archive:FILE
  altered "$MADE/docker.tar" 'jq -c ".[0].RepoTags = [\"one:a\", \"one:b\"] | . + [.[0] | .RepoTags = [\"two:c\"]]" manifest.json >new && mv new manifest.json'
  run pyxis pull "docker-archive:$TEST_HOME/altered.tar"
  assert_only_error 'it holds several images: one:a, one:b; two:c' 'save one of them by itself'
  echo '[]' >"$BATS_TEST_TMPDIR/members/manifest.json"
  tar -C "$BATS_TEST_TMPDIR/members" -cf "$TEST_HOME/altered.tar" .
  run pyxis pull "docker-archive:$TEST_HOME/altered.tar"
  assert_only_error 'it holds no image'
}

@test "archives that were altered, cut off, or are something else" {
  # A layer with one byte more, which would be unpacked all the same.
  altered "$MADE/docker.tar" 'chmod u+w *.tar */*.tar 2>/dev/null; for layer in $(jq -r ".[0].Layers[]" manifest.json); do printf "\0" >>"$(readlink -f "$layer")"; done'
  run pyxis pull "docker-archive:$TEST_HOME/altered.tar"
  assert_only_error "$TEST_HOME/altered.tar: layer" "not what the image's configuration says" 'altered or damaged'
  assert_equal "$(layer_count)" 0
  head -c 600000 "$MADE/docker.tar" >"$TEST_HOME/cut.tar"
  run pyxis pull "docker-archive:$TEST_HOME/cut.tar"
  assert_only_error "$TEST_HOME/cut.tar: "
  head -c 100000 "$MADE/docker.tar.gz" >"$TEST_HOME/cut.tar"
  run pyxis pull "docker-archive:$TEST_HOME/cut.tar"
  assert_only_error "$TEST_HOME/cut.tar: "
  seq 1000 >"$TEST_HOME/text.tar"
  run pyxis pull "docker-archive:$TEST_HOME/text.tar"
  assert_only_error "$TEST_HOME/text.tar: "
  run pyxis pull docker-archive:/no/such/file.tar
  assert_only_error '/no/such/file.tar: No such file or directory'
  run pyxis pull "docker-archive:$TEST_HOME"
  assert_only_error "$TEST_HOME is not a regular file"
  as_user mkfifo "$TEST_HOME/fifo"
  run pyxis pull "docker-archive:$TEST_HOME/fifo"
  assert_only_error "$TEST_HOME/fifo is not a regular file"
}

@test "links in an archive lead to other members of it, and nowhere else" {
  altered "$MADE/docker.tar" 'layer=$(jq -r ".[0].Layers[0]" manifest.json); mkdir elsewhere; mv "$(readlink -f "$layer")" elsewhere/file; rm -f "$layer"
    ln -s elsewhere/file ./link; jq -c ".[0].Layers[0] = \"link\"" manifest.json >new; mv new manifest.json'
  run -0 pyxis load -n box "docker-archive:$TEST_HOME/altered.tar"
  run -0 pyxis start box true
  (cd "$BATS_TEST_TMPDIR/members" && rm link && ln -s ../../../../../etc/passwd link)
  tar -C "$BATS_TEST_TMPDIR/members" -cf "$TEST_HOME/altered.tar" .
  run pyxis pull "docker-archive:$TEST_HOME/altered.tar"
  assert_only_error 'it has no link'
  (cd "$BATS_TEST_TMPDIR/members" && rm link && ln -s link link)
  tar -C "$BATS_TEST_TMPDIR/members" -cf "$TEST_HOME/altered.tar" .
  run pyxis pull "docker-archive:$TEST_HOME/altered.tar"
  assert_only_error 'it has no link'
}

# --- engines on this machine ------------------------------------------------------------------------------

# In place of docker and podman, what their manuals say of `image inspect` and `save`: it has one image, and notes what it is
# asked.
engine() { # NAME ID_PREFIX
  as_user mkdir -p "$TEST_HOME/bin"
  as_user tee "$TEST_HOME/bin/$1" >/dev/null <<END
#!/bin/sh
echo "\$*" >>"$TEST_HOME/asked"
case "\$*" in
  "image inspect --format {{.Id}} example/busybox:entry") printf '%s' "$2"; sed 's/.*"Config":"\(sha256:\)\?\([0-9a-f]*\)\.json".*/\2/' <<JSON
\$(tar -xOf $MADE/docker.tar manifest.json)
JSON
    ;;
  *" example/busybox:entry") [ ! -e "$TEST_HOME/breaks" ] || { head -c 500000 $MADE/docker.tar; echo 'Error: disk on fire' >&2; exit 3; }
    cat $MADE/docker.tar
    [ ! -p "$TEST_HOME/lingers" ] || { exec >/dev/null; echo \$\$ >"$TEST_HOME/lingers"; exec sleep 1000; } ;;
  *) echo "Error: No such image: \$(echo "\$*" | sed 's/.* //')" >&2; exit 1 ;;
esac
END
  as_user chmod 755 "$TEST_HOME/bin/$1"
  as_user rm -f "$TEST_HOME/asked"
}

@test "dockerd:// and podman://: through the engine's command line, and only where it has another image than last time" {
  local name
  for name in docker podman; do
    engine $name "$([[ $name == podman ]] || echo sha256:)"
    local uri=$name
    [[ $name == podman ]] || uri=dockerd
    run -0 pyxis PATH="$TEST_HOME/bin:/usr/bin:/bin" load -n "of-$name" "$uri://example/busybox:entry"
    run -0 pyxis start "of-$name" ls /entrypoint
    assert_equal "$(grep -c '^save' "$TEST_HOME/asked")" 1
    run -0 pyxis PATH="$TEST_HOME/bin:/usr/bin:/bin" pull "$uri://example/busybox:entry"
    assert_equal "$(grep -c '^save' "$TEST_HOME/asked")" 1
  done
  assert_equal "$(grep ^save "$TEST_HOME/asked")" 'save --format docker-archive example/busybox:entry'
}

@test "dockerd:// and podman://: the engine's own words, and an engine that is not there" {
  engine docker sha256:
  run pyxis PATH="$TEST_HOME/bin:/usr/bin:/bin" pull dockerd://nothing
  assert_only_error 'docker exited with status 1: Error: No such image: nothing:latest'
  as_user touch "$TEST_HOME/breaks"
  run pyxis PATH="$TEST_HOME/bin:/usr/bin:/bin" pull dockerd://example/busybox:entry
  assert_only_error 'docker exited with status 3: Error: disk on fire'
  as_user rm "$TEST_HOME/breaks"
  run pyxis PATH=/nowhere pull podman://busybox
  assert_only_error 'podman: not found in PATH' 'docker://IMAGE'
  run pyxis digest dockerd://busybox
  assert_only_error 'only registries are asked for digests'
}

@test "dockerd://: an import that is interrupted while the engine ends, ends it, and nothing else of the user's" {
  local bystander saving command status=0
  engine docker sha256:
  as_user mkfifo "$TEST_HOME/lingers"
  as_user sleep 1000 3>&- &
  pyxis PATH="$TEST_HOME/bin:/usr/bin:/bin" pull dockerd://example/busybox:entry &
  command=$!
  read -r -t 60 saving <"$TEST_HOME/lingers"
  bystander=$(for process in $(processes_of_test); do
    [[ $(<"/proc/$process/comm") != sleep || $process == "$saving" ]] || echo "$process"
  done)
  kill -TERM "$(prompt_process)"
  await_end "$command"
  wait "$command" || status=$?
  assert [ "$status" -ne 0 ]
  await_end "$saving"
  assert kill -0 "$bystander"
  kill "$bystander"
  await_end "$bystander"
  rm "$TEST_HOME/lingers"
}
