# Image files at an address: downloaded once, asked about at each start.

load helpers

setup_file() {
  load helpers
  make_certificate
  make_image first.sqsh first
}

make_certificate() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=pyxis-test -addext "subjectAltName=IP:127.0.0.1,DNS:localhost" \
    -keyout "$BATS_FILE_TMPDIR/key.pem" -out "$BATS_FILE_TMPDIR/cert.pem" 2>/dev/null
  cat "$BATS_FILE_TMPDIR/cert.pem" "$BATS_FILE_TMPDIR/key.pem" >"$BATS_FILE_TMPDIR/both.pem"
}

make_image() { # FILE TEXT
  local tree=$BATS_FILE_TMPDIR/tree
  mkdir -p "$tree"/{bin,etc,proc,sys,dev,tmp}
  cp /bin/busybox "$tree/bin/busybox"
  ln -sf busybox "$tree/bin/sh"
  ln -sf busybox "$tree/bin/cat"
  echo "$2" >"$tree/text"
  mksquashfs "$tree" "$BATS_FILE_TMPDIR/$1" -comp gzip -noappend -quiet -no-progress
}

setup() {
  make_home
  files=$BATS_TEST_TMPDIR/files
  log=$BATS_TEST_TMPDIR/requests
  mkdir "$files"
  : >"$log"
  cp "$BATS_FILE_TMPDIR/first.sqsh" "$files/x.sqsh"
  install -D -m 644 "$BATS_FILE_TMPDIR/cert.pem" "$TEST_HOME/cert.pem"
}
teardown() {
  assert_nothing_left
  remove_home
}

# A server of $files on https, at $at.
serve() { # [OPTION...]
  local port
  coproc server { "$repo/tests/support/file_server" --log "$log" --certificate "$BATS_FILE_TMPDIR/both.pem" "$@" "$files" 3>&-; }
  read -r -t 20 port <&"${server[0]}"
  at=https://127.0.0.1:$port
}
stop_serving() {
  exec {server[1]}>&-
  wait "$server_PID" || true
}

with_ca() { pyxis SSL_CERT_FILE="$TEST_HOME/cert.pem" "$@"; }

downloads() { grep -c '^GET .* 20[06]' "$log" || true; }

@test "start: it is downloaded once, and asked about at each further start" {
  serve
  run -0 with_ca start "$at/x.sqsh" cat /text
  assert_output --partial first
  run -0 with_ca start "$at/x.sqsh" cat /text
  assert_output --partial first
  assert_equal "$(cat "$log")" $'GET /x.sqsh 200\nHEAD /x.sqsh 304'
}

@test "what has changed at the address is downloaded again" {
  serve
  run -0 with_ca start "$at/x.sqsh" cat /text
  make_image second.sqsh second
  cp "$BATS_FILE_TMPDIR/second.sqsh" "$files/y" && mv "$files/y" "$files/x.sqsh"
  run -0 with_ca start "$at/x.sqsh" cat /text
  assert_output --partial second
  assert_equal "$(downloads)" 2
  # The old one is not kept.
  assert_equal "$(find "$(store)/files" -name image | wc -l)" 1
}

@test "create and load: a container of it, called as the file" {
  serve
  run -0 with_ca create "$at/x.sqsh?download=1"
  run -0 pyxis start x cat /text
  assert_output first
  run -0 with_ca load -n other "$at/x.sqsh?download=1"
  run -0 pyxis start other cat /text
  assert_output first
  assert_equal "$(downloads)" 1
}

@test "a SIF file at an address" {
  "$repo/tests/support/make-sif" "$files/x.sif" 1 2 "$files/x.sqsh"
  serve
  run -0 with_ca start "$at/x.sif" cat /text
  assert_output --partial first
}

@test "an address that does not answer: what is there is used, with a warning; without, it is one error" {
  serve
  run -0 with_ca start "$at/x.sqsh" cat /text
  stop_serving
  run -0 with_ca start "$at/x.sqsh" cat /text
  assert_output --partial "using $at/x.sqsh as it was last downloaded"
  assert_output --partial first
  run with_ca ENROOT_TRANSFER_RETRIES=1 start "$at/y.sqsh" cat /text
  assert_one_error "$at/y.sqsh" "Connection refused"
}

@test "a download that breaks off goes on where it was" {
  serve --cut
  run -0 with_ca start "$at/x.sqsh" cat /text
  assert_output --partial first
  assert_equal "$(cat "$log")" $'GET /x.sqsh 200\nGET /x.sqsh 206'
}

@test "a server without tags and dates: it is downloaded at each start" {
  serve --no-tags
  run -0 with_ca start "$at/x.sqsh" cat /text
  run -0 with_ca start "$at/x.sqsh" cat /text
  assert_equal "$(downloads)" 2
}

@test "six starts at once download it once" {
  local n starts=()
  serve
  for n in {1..6}; do
    with_ca start "$at/x.sqsh" cat /text >"$BATS_TEST_TMPDIR/out.$n" 2>&1 &
    starts+=($!)
  done
  for n in "${starts[@]}"; do wait "$n"; done
  for n in {1..6}; do assert_equal "$(grep -c first "$BATS_TEST_TMPDIR/out.$n")" 1; done
  assert_equal "$(downloads)" 1
}

@test "a login from .credentials, which a redirect does not take to another host" {
  serve --login alice:wonderland
  run with_ca start "$at/x.sqsh" cat /text
  assert_one_error "answered 401" ".credentials"
  write_secret .config/enroot/.credentials "machine ${at#https://} login alice password wonderland"
  run -0 with_ca start "$at/x.sqsh" cat /text
  assert_output --partial first
  local behind=$at
  serve --redirect "$behind"
  : >"$log"
  run with_ca start "$at/x.sqsh" cat /text
  assert_one_error "answered 401"
  refute_regex "$(cat "$log")" authorization
}

@test "a certificate that is not known is an error; certs.d names its authority" {
  serve
  run pyxis start "$at/x.sqsh" cat /text
  assert_one_error certificate
  install -D -m 644 "$BATS_FILE_TMPDIR/cert.pem" "$TEST_HOME/site/certs.d/${at#https://}/ca.crt"
  run -0 pyxis ENROOT_SYSCONF_PATH="$TEST_HOME/site" start "$at/x.sqsh" cat /text
  assert_output --partial first
}

@test "what is not there, no image file, blocked, on plain http, or no address of one: each is one error" {
  serve
  run with_ca start "$at/absent.sqsh" true
  assert_one_error "$at/absent.sqsh" "answered 404" "check the address"
  head -c 5000 /dev/zero >"$files/zeros.sqsh"
  run with_ca start "$at/zeros.sqsh" true
  assert_one_error "$at/zeros.sqsh is neither a squashfs file nor a SIF file"
  echo small >"$files/small.sqsh"
  run with_ca start "$at/small.sqsh" true
  assert_one_error "is neither a squashfs file nor a SIF file"
  run pyxis start http://registry.example.com/x.sqsh true
  assert_one_error 'plain http is not allowed'
  mkdir "$TEST_HOME/site"
  printf '[[registry]]\nlocation = "%s"\nblocked = true\n' "${at#https://}" >"$TEST_HOME/site/registries.conf"
  run pyxis ENROOT_SYSCONF_PATH="$TEST_HOME/site" start "$at/x.sqsh" cat /text
  assert_one_error 'the site has blocked'
  run pyxis pull "$at/x.sqsh"
  assert_one_error 'is an image file' 'pyxis create'
  run pyxis load "$at/x"
  assert_one_error 'addresses are those of image files'
  run pyxis load "https://me:secret@127.0.0.1/x.sqsh"
  assert_one_error 'a login does not belong into an address'
  refute_output --partial secret
}

@test "gc takes image files that were not used for long, or are too much" {
  serve
  cp "$files/x.sqsh" "$files/y.sqsh"
  run -0 with_ca start "$at/x.sqsh" cat /text
  run -0 with_ca start "$at/y.sqsh" cat /text
  run -0 pyxis gc --max-age 1
  assert_equal "$(find "$(store)/files" -name image | wc -l)" 2
  find "$(store)/files" -name facts.json -exec grep -l '/x.sqsh' {} + | xargs touch -d '3 days ago'
  run -0 pyxis gc --max-age 1 --dry-run
  assert_output --partial "1 image file would go"
  run -0 pyxis gc --max-age 1
  assert_output --partial "$at/x.sqsh"
  refute_output --partial "$at/y.sqsh"
  assert_equal "$(find "$(store)/files" -name image | wc -l)" 1
  run -0 pyxis gc --max-size 1
  assert_equal "$(find "$(store)/files" -name image | wc -l)" 0
}

@test "images lists image files with their addresses, and gc takes one by that" {
  serve
  cp "$files/x.sqsh" "$files/y.sqsh"
  run -0 with_ca start "$at/x.sqsh" cat /text
  run -0 with_ca start "$at/y.sqsh" cat /text
  run -0 pyxis images
  assert_line --regexp "^$at/x.sqsh +- +- +[0-9.]+ MB +0 B +20.* file$"
  assert_line --regexp "^$at/y.sqsh .* file$"
  run -0 pyxis gc "$at/x.sqsh"
  assert_output --partial '1 image file removed'
  run -0 pyxis images
  refute_output --partial x.sqsh
  assert_line --partial "$at/y.sqsh"
  run pyxis gc "$at/x.sqsh"
  assert_only_error "no file of $at/x.sqsh in the store" 'pyxis images'
}

@test "the query of an address, which may be its key, is in no message and in no arguments" {
  serve
  wrapped=(strace -f -qq -e trace=execve -s 4096 -o "$BATS_TEST_TMPDIR/programs")
  run -0 with_ca ASAN_OPTIONS=detect_leaks=0 start "$at/x.sqsh?key=SECRET" cat /text
  assert_output --partial first
  refute_output --partial SECRET
  assert_equal "$(cat "$log")" 'GET /x.sqsh?key=SECRET 200'
  run -0 grep -c '"pyxis-ask"' "$BATS_TEST_TMPDIR/programs"
  # Of those that are started, which is what the user has typed aside; strace shows no environment.
  run grep '\["pyxis-' "$BATS_TEST_TMPDIR/programs"
  assert_output --partial '/x.sqsh?...'
  refute_output --partial SECRET
  wrapped=()
  stop_serving
  run -0 with_ca start "$at/x.sqsh?key=SECRET" cat /text
  assert_output --partial "using $at/x.sqsh?... as it was last downloaded"
  refute_output --partial SECRET
  run with_ca start "$at/y.sqsh?key=SECRET" cat /text
  assert_one_error "$at/y.sqsh?..."
  refute_output --partial SECRET
}
