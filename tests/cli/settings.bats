# Each setting has its effect. Those of paths, mounts, hooks and environment: configuration.bats; of shells and namespaces:
# init.bats; of image files: image_files.bats; of bundles: bundle.bats.

load helpers

setup() {
  make_home_and_faults
  as_user mkdir -p "$(store)/tmp"
}
teardown() {
  assert_nothing_left
  remove_home_and_faults
}

conf() { # LINE...
  as_user mkdir -p "$TEST_HOME/etc"
  printf '%s\n' "$@" | as_user tee "$TEST_HOME/etc/enroot.conf" >/dev/null
}

# --- paths ----------------------------------------------------------------------------------------------

@test "ENROOT_DATA_PATH: all lies there; with ENROOT_CACHE_PATH, images and layers lie in that" {
  run -0 pyxis ENROOT_DATA_PATH="$TEST_HOME/data" load -n one "$REGISTRY/busybox"
  assert [ -d "$TEST_HOME/data/containers/$(hostname)/one" ]
  assert_equal "$(ls "$TEST_HOME/data/layers/sha256" | wc -l)" 1
  refute [ -e "$(store)/layers" ]
  local apart=(ENROOT_DATA_PATH="$TEST_HOME/apart" ENROOT_CACHE_PATH="$TEST_HOME/cache")
  run -0 pyxis "${apart[@]}" load -n two "$REGISTRY/busybox"
  assert_equal "$(ls "$TEST_HOME/cache/layers/sha256" | wc -l)" 1
  assert_equal "$(ls -A "$TEST_HOME/apart/layers/sha256")" ''
  assert [ -d "$TEST_HOME/apart/containers/$(hostname)/two" ]
  assert_equal "$(ls -A "$TEST_HOME/cache/containers/$(hostname)")" ''
  run -0 pyxis "${apart[@]}" start -w two sh -c 'echo x >/mark'
  run -0 pyxis "${apart[@]}" start two cat /mark
  assert_output x
  run -0 pyxis "${apart[@]}" list
  assert_output two
  # What is cached serves containers elsewhere, without a download.
  mark_requests anonymous
  run -0 pyxis ENROOT_CACHE_PATH="$TEST_HOME/cache" load -n three "$REGISTRY/busybox"
  run requests anonymous
  refute_output --partial /blobs/
  run -0 pyxis ENROOT_CACHE_PATH="$TEST_HOME/cache" start three true
  run -0 pyxis "${apart[@]}" remove -f two
  assert_equal "$(ls -A "$TEST_HOME/apart/containers/$(hostname)" "$TEST_HOME/apart/tmp" "$TEST_HOME/cache/tmp" | grep -v :)" ''
}

@test "ENROOT_TEMP_PATH: where TMPDIR says, or /tmp" {
  as_user mkdir -p "$TEST_HOME/.config/enroot/hooks.d"
  as_user tee "$TEST_HOME/.config/enroot/hooks.d/10.sh" >/dev/null <<<$'#!/bin/sh\necho "$ENROOT_TEMP_PATH"'
  as_user chmod 755 "$TEST_HOME/.config/enroot/hooks.d/10.sh"
  run -0 pyxis load -n box "$REGISTRY/busybox"
  run -0 pyxis start box true
  assert_output '[INFO] 10.sh: /tmp'
  run -0 pyxis TMPDIR=/scratch start box true
  assert_output '[INFO] 10.sh: /scratch'
  run -0 pyxis TMPDIR=/scratch ENROOT_TEMP_PATH=/elsewhere start box true
  assert_output '[INFO] 10.sh: /elsewhere'
  run -0 pyxis TMPDIR=/scratch info
  assert_line --regexp '^ENROOT_TEMP_PATH +/scratch$'
}

@test "without ENROOT_CACHE_PATH images and layers lie beside the containers, whatever XDG_CACHE_HOME says" {
  run -0 pyxis XDG_CACHE_HOME="$TEST_HOME/xdg-cache" XDG_DATA_HOME="$TEST_HOME/xdg-data" load -n box "$REGISTRY/busybox"
  assert [ -n "$(ls "$TEST_HOME/xdg-data/pyxis/layers/sha256")" ]
  assert [ -e "$TEST_HOME/xdg-data/pyxis/containers/$(hostname)/box" ]
  assert [ ! -e "$TEST_HOME/xdg-cache" ]
  assert [ ! -e "$TEST_HOME/.cache" ]
}

@test "ENROOT_CACHE_PATH on another file system than the containers" {
  as_user mkdir "$TEST_HOME/cache"
  wrapped=(unshare --mount --propagation slave sh -c 'mount -t tmpfs -o size=64m,mode=1777 tmpfs "$0" && exec "$@"' "$TEST_HOME/cache")
  inside() { as_user ENROOT_CACHE_PATH="$TEST_HOME/cache/mine" bash -euc "$1" 3>&-; }
  run -0 inside "'$PYXIS' load -n other '$REGISTRY/busybox' 2>/dev/null; '$PYXIS' start -w other sh -c 'echo x >/mark; cat /mark'"
  assert_output x
}

# --- registries -----------------------------------------------------------------------------------------

@test "ENROOT_MAX_CONNECTIONS: so many downloads at once" {
  local most import
  for most in 1 3; do
    fault reset
    mark_requests
    pyxis ENROOT_DATA_PATH="$TEST_HOME/store-$most" ENROOT_MAX_CONNECTIONS=$most pull "$FAULTD/stall-layers/wide" >/dev/null 2>&1 &
    import=$!
    fault "stalled?count=$most" >/dev/null
    # Of the other layers, none has been asked for: all connections stand still.
    assert_equal "$(requests | grep -c '^GET .*/blobs/')" $((most + 1))  # and the configuration
    fault release
    wait "$import"
  done
}

@test "ENROOT_CONNECT_TIMEOUT: so long an answer to a connection is waited for" {
  # Nobody answers there: the other end of the wire takes frames for a neighbour that it does not have.
  wrapped=(unshare --net sh -ec 'ip link set lo up; ip link add dev wire type veth peer name end; ip link set end up
    ip link set wire up; ip address add 10.1.1.1/24 dev wire; ip neighbour add 10.1.1.2 lladdr 02:00:00:00:00:01 dev wire; exec "$@"' -)
  local start=$SECONDS
  run pyxis ENROOT_CONNECT_TIMEOUT=1 ENROOT_TRANSFER_RETRIES=1 digest 10.1.1.2:5000/busybox
  assert_one_error 10.1.1.2:5000 '(2 attempts)'
  assert [ $((SECONDS - start)) -lt 15 ]
}

@test "ENROOT_TRANSFER_TIMEOUT: so long a transfer may take" {
  local start=$SECONDS
  run pyxis ENROOT_TRANSFER_TIMEOUT=1 ENROOT_TRANSFER_RETRIES=1 pull "$FAULTD/stall-layers/busybox"
  assert_one_error "$FAULTD" '(2 attempts)'
  assert [ $((SECONDS - start)) -lt 20 ]
}

@test "ENROOT_TRANSFER_RETRIES: so often it is tried again" {
  run pyxis ENROOT_TRANSFER_RETRIES=3 pull "$FAULTD/truncate-always/busybox"
  assert_one_error '(4 attempts)'
}

# In a network of its own, where 192.0.2.1:8080 is a registry without TLS that has no images. It ends with the command.
plain_registry='
import http.server, os, subprocess, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/v2/" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()
    do_HEAD = do_GET
    def log_message(self, *arguments): pass
subprocess.run(["ip", "address", "add", "192.0.2.1/32", "dev", "lo"], check=True)
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
server = http.server.ThreadingHTTPServer(("192.0.2.1", 8080), Handler)
if os.fork() == 0:
    server.serve_forever()
os.execvp(sys.argv[1], sys.argv[1:])'

@test "ENROOT_ALLOW_HTTP: plain HTTP for registries other than this machine's" {
  wrapped=(unshare --net --pid --fork --kill-child --mount-proc --propagation slave /usr/bin/python3 -c "$plain_registry")
  run pyxis ENROOT_ALLOW_HTTP=yes ENROOT_TRANSFER_RETRIES=1 digest 192.0.2.1:8080/x
  assert_only_error 192.0.2.1:8080 '404 Not Found'
  run pyxis ENROOT_TRANSFER_RETRIES=1 digest 192.0.2.1:8080/x
  assert_only_error 192.0.2.1:8080
  refute_output --partial 404
}

# --- processors -----------------------------------------------------------------------------------------

@test "ENROOT_MAX_PROCESSORS: an import runs on so many" {
  (($(nproc) > 1)) || fail 'this needs a machine of two processors'
  local processors
  allowed() { # the number of processors that pyxis-import may use
    local pid
    for pid in $(processes_of_test); do
      [[ $(<"/proc/$pid/comm") != pyxis-import ]] || sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$pid/status"
    done
  }
  pyxis ENROOT_MAX_PROCESSORS=1 pull "$FAULTD/stall-layers/busybox" >/dev/null 2>&1 &
  fault 'stalled?count=1' >/dev/null
  run allowed
  assert_output --regexp '^[0-9]+$'
  fault release
  wait $!
}

# --- containers -----------------------------------------------------------------------------------------

@test "ENROOT_NATIVE_OVERLAYFS off: containers are copies" {
  run -0 pyxis ENROOT_NATIVE_OVERLAYFS=no load -n copy "$REGISTRY/busybox"
  assert [ -d "$(store)/containers/$(hostname)/copy/rootfs/bin" ]
  run -1 pyxis start copy grep -c ' / overlay' /proc/mounts
  run -0 pyxis load -n overlay "$REGISTRY/busybox"
  refute [ -d "$(store)/containers/$(hostname)/overlay/rootfs" ]
}

@test "ENROOT_FORCE_OVERRIDE: as --force" {
  run -0 pyxis load -n again "$REGISTRY/busybox"
  run pyxis load -n again "$REGISTRY/busybox"
  assert_only_error 'exists already'
  run -0 pyxis start -w again touch /old
  run -0 pyxis ENROOT_FORCE_OVERRIDE=yes load -n again "$REGISTRY/busybox"
  run -1 pyxis start again ls /old

  # Files, each of which says what it is by what is in it.
  run -0 pyxis start -w again sh -c 'echo exported >/mark'
  as_user sh -c 'echo "an old file" >export.sqsh; cp export.sqsh import.sqsh; cp export.sqsh bundle.run'
  run pyxis export -o export.sqsh again
  assert_only_error 'export.sqsh exists already'
  run -0 pyxis ENROOT_FORCE_OVERRIDE=yes export -o export.sqsh again
  run -0 unsquashfs -cat "$TEST_HOME/export.sqsh" mark
  assert_output exported

  run pyxis import -o import.sqsh "docker://$REGISTRY/busybox"
  assert_only_error 'import.sqsh exists already'
  run -0 pyxis ENROOT_FORCE_OVERRIDE=yes import -o import.sqsh "docker://$REGISTRY/busybox"
  run -0 unsquashfs -cat "$TEST_HOME/import.sqsh" etc/rc
  assert_line --index 0 --partial 'enroot-provenance: '

  run pyxis bundle -o bundle.run import.sqsh
  assert_only_error 'bundle.run exists already'
  run -0 pyxis ENROOT_FORCE_OVERRIDE=yes bundle -o bundle.run import.sqsh
  run -0 as_user ./bundle.run --info
  assert_line --regexp '^Image +import$'

  run pyxis create -n again export.sqsh
  assert_only_error 'exists already'
  run -0 pyxis start -w again touch /old
  run -0 pyxis ENROOT_FORCE_OVERRIDE=yes create -n again export.sqsh
  run -0 pyxis start again cat /mark
  assert_output exported
  run -1 pyxis start again ls /old
}

@test "ENROOT_MOUNT_HOME and ENROOT_REMAP_ROOT" {
  run -0 pyxis load -n home "$REGISTRY/busybox"
  as_user touch "$TEST_HOME/mine"
  run -0 pyxis ENROOT_MOUNT_HOME=yes start home sh -c 'ls "$HOME/mine"; id -u'
  assert_output "$TEST_HOME/mine"$'\n'"$(id -u "$PYXIS_TEST_USER")"
  run -1 pyxis start home test -e "$TEST_HOME/mine"
  run -0 pyxis ENROOT_REMAP_ROOT=yes start home id -u
  assert_output 0
}

# --- root -----------------------------------------------------------------------------------------------

# As root, with a store of its own, where nobody else's directories are above it.
as_root() {
  local settings=()
  while [[ $1 == [A-Z_]*=* ]]; do
    settings+=("$1")
    shift
  done
  env -i -C / HOME="$BATS_TEST_TMPDIR/root" PATH=/usr/sbin:/usr/bin:/sbin:/bin ENROOT_RUNTIME_PATH="$BATS_TEST_TMPDIR/root/run" "${settings[@]}" "$PYXIS" "$@" 3>&-
}

@test "ENROOT_ALLOW_SUPERUSER: root stays root; without it, root is contained as others are" {
  mkdir -m 700 "$BATS_TEST_TMPDIR/root"
  run -0 as_root load -n mine "$REGISTRY/busybox"
  run -0 as_root start -w mine sh -c 'readlink /proc/self/ns/user; id -u; touch /by-root; chown 1234 /by-root; stat -c %u /by-root'
  refute_line "$(readlink /proc/self/ns/user)"
  assert_line --index 1 0
  assert_line --index 2 0
  run -0 as_root ENROOT_ALLOW_SUPERUSER=yes start -w mine sh -c 'readlink /proc/self/ns/user; readlink /proc/self/ns/mnt; id -u; chown 1234 /by-root; stat -c %u /by-root'
  assert_line --index 0 "$(readlink /proc/self/ns/user)"
  refute_line "$(readlink /proc/self/ns/mnt)"
  assert_line --index 2 0
  assert_line --index 3 1234
  run -0 as_root ENROOT_ALLOW_SUPERUSER=yes start -r mine id -u
  assert_output 0
  run -1 as_root ENROOT_ALLOW_SUPERUSER=yes start mine touch /new
  assert_output --partial 'Read-only file system'
  run -0 as_root remove -f mine
  # To others it makes no difference.
  run -0 pyxis load -n others "$REGISTRY/busybox"
  run -0 pyxis ENROOT_ALLOW_SUPERUSER=yes start others sh -c 'readlink /proc/self/ns/user; id -u'
  refute_line "$(readlink /proc/self/ns/user)"
}

@test "info shows every setting, from the file or the environment" {
  conf 'ENROOT_UNSHARE_IPC yes' 'ENROOT_TEMP_PATH /scratch' 'ENROOT_LOGIN_SHELL no' 'ENROOT_MAX_PROCESSORS 1'
  run -0 pyxis ENROOT_SYSCONF_PATH="$TEST_HOME/etc" ENROOT_ALLOW_HTTP=yes ENROOT_CACHE_PATH=/cache info
  local line
  for line in 'UNSHARE_IPC +yes' 'UNSHARE_NET +no' 'UNSHARE_PID +no' 'UNSHARE_UTS +no' 'TEMP_PATH +/scratch' 'LOGIN_SHELL +no' \
    'MAX_PROCESSORS +1' 'ALLOW_HTTP +yes' 'CACHE_PATH +/cache' 'ALLOW_SUPERUSER +no' 'BUNDLE_ALL +no' 'BUNDLE_CHECKSUM +no' \
    'FORCE_OVERRIDE +no' 'NATIVE_OVERLAYFS +yes' 'TRANSFER_RETRIES +0' 'TRANSFER_TIMEOUT +0' 'CONNECT_TIMEOUT +30' 'SQUASH_OPTIONS +-'; do
    assert_line --regexp "^ENROOT_$line\$"
  done
}
