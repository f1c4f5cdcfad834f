# What goes from the store and what stays: pyxis gc, pin, unpin, and what `pyxis images` says of it.

load helpers

setup() { make_home_and_faults; }
teardown() { remove_home_and_faults; }

stored() { # the images there are, sorted
  pyxis images | tail -n +2 | sed -nE "s,^docker://$REGISTRY/([^ ]+) .*,\1,p" | sort
}

# As if the image had been used last so many days ago.
age_image() { # NAME DAYS
  local digest
  digest=$(pyxis images | awk -v name="docker://$REGISTRY/$1" '$1 == name {print $2}')
  as_user mkdir -p "$(store)/uses/$(basename "$(store)"/images/sha256/"$digest"*)"
  as_user touch -d "$2 days ago" "$(store)"/uses/"$digest"*
}

@test "without limits only what no name means any more goes, and layers of no image" {
  run -0 pyxis pull "$REGISTRY/busybox"
  run -0 pyxis pull "$REGISTRY/zstd"
  run -0 --separate-stderr pyxis gc
  assert_output ''
  assert_equal "$stderr" '[INFO] 0 images and 0 layers removed: 0 B'
  # Its tag has moved on.
  as_user rm "$(grep -l "$REGISTRY/zstd:latest" "$(store)"/refs/*)"
  run -0 pyxis images
  assert_line --regexp "^docker://$REGISTRY/zstd:latest .* unnamed$"
  run -0 --separate-stderr pyxis gc --dry-run
  assert_output --partial "docker://$REGISTRY/zstd:latest"
  assert_equal "$(layer_count)" 4
  run -0 --separate-stderr pyxis gc
  assert_output --partial "docker://$REGISTRY/zstd:latest"
  assert_equal "$(stored)" busybox:latest
  assert_equal "$(layer_count)" 1
  assert_equal "$(ls -A "$(store)/tmp")" ''
  run -0 pyxis load "$REGISTRY/zstd"
  run -0 pyxis start zstd cat /layers/zstd
}

@test "--max-age: what was not used for longer goes; a start is a use, and so is a pull" {
  run -0 pyxis load "$REGISTRY/busybox"
  run -0 pyxis pull "$REGISTRY/zstd"
  run -0 pyxis pull "$REGISTRY/static"
  age_image busybox:latest 30
  age_image zstd:latest 30
  age_image static:latest 30
  run -0 pyxis pull "$REGISTRY/static"
  run -0 pyxis start busybox true
  run -0 pyxis remove -f busybox
  run -0 pyxis gc --max-age 7
  assert_equal "$(stored)" $'busybox:latest\nstatic:latest'
}

@test "--max-size: the longest unused go until the rest is small enough; what images share counts once" {
  run -0 pyxis pull "$REGISTRY/busybox"
  run -0 pyxis pull "$REGISTRY/busybox:entrypoint"
  run -0 pyxis images
  assert_line --regexp "^docker://$REGISTRY/busybox:entrypoint +[0-9a-f]+ +2 +[0-9.]+ MB +[0-9.]+ MB "
  age_image busybox:latest 2
  age_image busybox:entrypoint 1
  run -0 pyxis pull "$REGISTRY/trixie"
  run -0 pyxis gc --max-size 20M
  assert_equal "$(stored)" ''
  run -0 pyxis pull "$REGISTRY/busybox"
  run -0 pyxis pull "$REGISTRY/busybox:entrypoint"
  run -0 pyxis gc --max-size 20M
  assert_equal "$(stored)" $'busybox:entrypoint\nbusybox:latest'
  run -1 pyxis gc --max-size much
  assert_output --partial --max-size
}

@test "what a container stands on stays, by name and by limit; so does what is pinned" {
  run -0 pyxis load -n standing "$REGISTRY/busybox"
  run -0 pyxis pull "$REGISTRY/zstd"
  run -0 pyxis pin "$REGISTRY/zstd"
  run -0 pyxis images
  assert_line --regexp "^docker://$REGISTRY/busybox:latest .* in use$"
  assert_line --regexp "^docker://$REGISTRY/zstd:latest .* pinned$"
  run -0 pyxis gc --max-size 0
  assert_equal "$(stored)" $'busybox:latest\nzstd:latest'
  run -0 pyxis start standing true
  run pyxis gc "$REGISTRY/busybox"
  assert_only_error "containers stand on image $REGISTRY/busybox" 'pyxis list'
  run pyxis gc "$REGISTRY/zstd"
  assert_only_error "image $REGISTRY/zstd is pinned" "pyxis unpin $REGISTRY/zstd"
  run -0 pyxis unpin "$REGISTRY/zstd"
  run -0 pyxis remove -f standing
  run -0 pyxis gc --max-size 0
  assert_equal "$(stored)" ''
  assert_equal "$(layer_count)" 0
}

@test "single images go by name or digest" {
  run -0 pyxis pull "$REGISTRY/busybox"
  run -0 pyxis pull "$REGISTRY/zstd"
  run -0 pyxis gc "$REGISTRY/zstd"
  assert_equal "$(stored)" busybox:latest
  run -0 pyxis gc "$(pyxis images | awk 'NR == 2 {print $2}')"
  assert_equal "$(stored)" ''
  run pyxis gc "$REGISTRY/busybox"
  assert_only_error "no image $REGISTRY/busybox in the store" 'pyxis images'
  run pyxis pin 123456789012
  assert_only_error 'no image 123456789012'
}

@test "layers that several data paths share stay while a container of any stands on them" {
  run -0 pyxis ENROOT_CACHE_PATH="$TEST_HOME/cache" ENROOT_DATA_PATH="$TEST_HOME/one" load -n first "$REGISTRY/busybox"
  run -0 pyxis ENROOT_CACHE_PATH="$TEST_HOME/cache" ENROOT_DATA_PATH="$TEST_HOME/two" gc --max-size 0
  run -0 pyxis ENROOT_CACHE_PATH="$TEST_HOME/cache" ENROOT_DATA_PATH="$TEST_HOME/one" start first true
}

@test "a collection waits for an import, and says so" {
  local pull gc line
  pyxis pull "$FAULTD/stall-layers/busybox" >/dev/null 2>&1 &
  pull=$!
  fault 'stalled?count=1'
  exec {gc}< <(pyxis gc --max-size 0 2>&1)
  read -r -t 60 -u "$gc" line
  assert_equal "$line" '[INFO] waiting for imports and starts that are under way'
  fault release
  wait "$pull"
  run cat <&"$gc"
  assert_line --regexp '1 image and 1 layer removed'
  assert_equal "$(layer_count)" 0
}

@test "starts and collections at once: every start works" {
  local i starts=()
  run -0 pyxis pull "$REGISTRY/busybox"
  for i in 1 2 3 4 5 6; do
    (pyxis load -n "at-once-$i" "$REGISTRY/busybox" && pyxis start "at-once-$i" true && pyxis remove -f "at-once-$i") >/dev/null 2>"$BATS_TEST_TMPDIR/$i" &
    starts+=($!)
    run -0 pyxis gc --max-size 0
  done
  for i in "${!starts[@]}"; do wait "${starts[i]}" || fail "$(cat "$BATS_TEST_TMPDIR/$((i + 1))")"; done
}
