# What `pyxis doctor` says of a node, and of one with a fault: each is planted, found, and has the command that mends it.

load helpers

# A node that has all: what root has made is in $node, and the user's namespace has it where it belongs.
setup() {
  make_home
  node=$(mktemp -d /var/tmp/pyxis-doctor.XXXXXX)
  chmod 755 "$node"
  mknod -m 666 "$node/fuse" c 10 229
  mkdir "$node/etc" "$node/run"
  cp "$repo/build/release/src/spank/spank_pyxis.so" "$node"
  echo "PlugStackConfig=$node/plugstack.conf" >"$node/slurm.conf"
  plugstack "required $node/spank_pyxis.so store=user pyxis_path=$PYXIS"
  # shellcheck disable=SC2016
  wrapped=(unshare --mount --propagation slave sh -c 'mount --bind "$0/fuse" /dev/fuse && mount --bind "$0/run" /run && exec "$@"' "$node")
}
teardown() {
  [[ ! -v server ]] || exec {server}>&-
  rm -rf --one-file-system "$node"
  remove_home
}

plugstack() { # LINE...
  printf '%s\n' "$@" >"$node/plugstack.conf"
}

# Its findings, as JSON, and nothing else. (A look for leaks says so where a thread ends meanwhile.)
doctor() { # [VARIABLE=value...] [OPTION...]
  local settings=()
  while [[ ${1:-} == [A-Z_a-z]*=* ]]; do
    settings+=("$1")
    shift
  done
  run --separate-stderr pyxis SLURM_CONF="$node/slurm.conf" "${settings[@]}" doctor --json "$@"
  assert_equal "$(sed -E '/^==[0-9]+==Unable to get registers from thread [0-9]+\.$/d' <<<"$stderr")" ""
}

# The same as root asks. `pyxis-storage probe` gives up what a look for leaks at its end would need.
doctor_of_root() { # [OPTION...]
  run --separate-stderr "${wrapped[@]}" env -i HOME="$node/root" PATH=/usr/sbin:/usr/bin:/sbin:/bin SLURM_CONF="$node/slurm.conf" \
    ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" UBSAN_OPTIONS="${UBSAN_OPTIONS:-}" LSAN_OPTIONS="${LSAN_OPTIONS:-}" "$PYXIS" doctor --json "$@" 3>&-
  assert_equal "$stderr" ""
}

found() { # VERDICT CHECK
  jq -r --arg verdict "$1" --arg check "$2" '.findings[] | select(.verdict == $verdict and .check == $check) | .fact + " -> " + .remedy' <<<"$output"
}

# One finding has both parts; the status says whether it is a failure.
assert_found() { # VERDICT CHECK FACT REMEDY
  local finding
  finding=$(found "$1" "$2")
  [[ $finding == *"$3"*' -> '*"$4"* ]] || fail "no such finding: $* in: $(jq . <<<"$output")"
  [[ $1 != fail ]] || assert_failure 1
}

# Runs what is behind it in the user's namespace, as root, before he comes.
plant() { # SCRIPT [ARGUMENT...]
  # shellcheck disable=SC2016
  wrapped+=(sh -ec "$1; exec \"\$@\"" -)
}

# A registry that is odd; $port is its.
odd_registry() { # [OPTION...]
  coproc registry { "$repo/tests/support/odd_registry" "$@" 3>&-; }
  exec {server}>&"${registry[1]}"
  read -r -t 20 port <&"${registry[0]}"
}

certificate_for() { # SUBJECT-ALTERNATIVE-NAME
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=pyxis-test -addext "subjectAltName=$1" \
    -keyout "$node/key.pem" -out "$node/cert.pem" 2>/dev/null
  cat "$node/cert.pem" "$node/key.pem" >"$node/both.pem"
  chmod 644 "$node/cert.pem"
}

# --- a good node ------------------------------------------------------------------------------------------

@test "doctor: a good node passes, for its users and for root, and nothing is left of the tries" {
  local before
  before=$(find "$TEST_HOME" "$node")
  doctor --registry "$REGISTRY"
  assert_success
  assert_equal "$(jq -r '.findings[] | select(.verdict == "fail")' <<<"$output")" ""
  local check
  for check in 'user namespaces' FUSE "user's store" "user's store: overlay" "user's store: space" 'plugstack line' plugin "plugin's release" engine \
    "$REGISTRY" "$REGISTRY: clock"; do
    [[ -n $(found pass "$check") ]] || fail "$check: $(jq . <<<"$output")"
  done
  assert_equal "$(find "$TEST_HOME" "$node")" "$before"
  doctor_of_root
  assert_success
  [[ $(found pass 'user namespaces') == "the user nobody can make them"* ]] || fail "$output"
  assert_equal "$(find "$TEST_HOME" "$node")" "$before"
}

@test "doctor: --json is one line, whose findings have all fields" {
  doctor --registry nowhere.invalid
  assert_equal "${#lines[@]}" 1
  assert_equal "$(jq -r '.node' <<<"$output")" "$(uname -n)"
  assert_equal "$(jq -r '.version' <<<"$output")" "$(pyxis version)"
  assert_equal "$(jq -r '[.findings[] | keys_unsorted | join(" ")] | unique[]' <<<"$output")" 'check group verdict fact remedy'
  assert_equal "$(jq -r '[.findings[] | .verdict] | unique - ["pass", "warn", "fail", "skip"] | length' <<<"$output")" 0
  assert_equal "$(jq -r '[.findings[] | select(.verdict == "fail" and .remedy == "")] | length' <<<"$output")" 0
}

@test "doctor: for people, a line for each finding and the remedy below, without colours in a file" {
  plugstack '# nothing'
  run --separate-stderr pyxis SLURM_CONF="$node/slurm.conf" doctor
  assert_failure 1
  assert_line --regexp '^pass  user namespaces +this user can make them'
  assert_line --regexp "^fail  plugstack line +$node/plugstack.conf, with what it includes, does not name spank_pyxis.so"
  assert_line --regexp "^      -> run: echo 'required .*/spank_pyxis.so' >>$node/plugstack.conf && systemctl restart slurmd"
  refute_output --partial $'\033'
  assert_line --regexp "^$(uname -n): 1 fail, "
}

@test "doctor: its help teaches by examples, and what is no registry is refused" {
  run -0 pyxis doctor --help
  assert_output --partial 'pyxis doctor --registry nvcr.io'
  assert_output --partial 'jq -r'
  doctor --registry 'no registry'
  assert_found fail 'no registry' 'HOST[:PORT]' 'pyxis doctor --registry nvcr.io'
  run pyxis doctor --bogus
  assert_one_error 'Usage: pyxis doctor'
}

# --- what the kernel lets users do ------------------------------------------------------------------------

@test "doctor: user.max_user_namespaces=0 is found, also by root, who may do what users may not" {
  wrapped+=("$repo/tests/support/namespace_limits" max_user_namespaces=0)
  doctor
  assert_found fail 'user namespaces' 'user.max_user_namespaces = 0' 'run: sysctl -w user.max_user_namespaces=65536'
  assert_found fail 'user namespaces' '' '/etc/sysctl.d/90-pyxis.conf'
  doctor_of_root
  assert_found fail 'user namespaces' 'the user nobody can make none' 'run: sysctl -w user.max_user_namespaces=65536'
}

@test "doctor: user.max_mnt_namespaces=0, and few user namespaces" {
  local before=("${wrapped[@]}")
  wrapped+=("$repo/tests/support/namespace_limits" max_mnt_namespaces=0)
  doctor
  assert_found fail 'user namespaces' 'user.max_mnt_namespaces = 0' 'run: sysctl -w user.max_mnt_namespaces=65536'
  wrapped=("${before[@]}" "$repo/tests/support/namespace_limits" max_user_namespaces=100)
  doctor
  assert_found warn 'user namespaces' '100, few for a node' 'run: sysctl -w user.max_user_namespaces=65536'
  assert_success
}

@test "doctor: /dev/fuse that users cannot open, and one that is not there" {
  local before=("${wrapped[@]}")
  plant 'chmod 600 /dev/fuse'
  doctor
  assert_found warn FUSE '/dev/fuse: Permission denied' 'run: chmod 666 /dev/fuse'
  doctor_of_root
  assert_found warn FUSE '/dev/fuse: Permission denied' 'run: chmod 666 /dev/fuse'
  wrapped=("${before[@]}")
  mknod "$node/none" c 10 254
  chmod 666 "$node/none"
  plant "mount --bind $node/none /dev/fuse"
  doctor
  assert_found warn FUSE '/dev/fuse: No such device' 'run: modprobe fuse'
}

# --- stores -----------------------------------------------------------------------------------------------

# A file system on the directory of the user's store, for him.
store_on() { # TYPE OPTIONS [SCRIPT]
  as_user mkdir -p "$(store)"
  plant "mount -t $1 -o $2 none $(store); chown $PYXIS_TEST_USER: $(store); ${3:-true}"
}

@test "doctor: a store without room, and one without inodes" {
  local before=("${wrapped[@]}")
  store_on tmpfs size=1m "dd if=/dev/zero of=$(store)/all bs=64k status=none 2>/dev/null || true"
  doctor
  assert_found fail "user's store: space" '0 B of 1.0 MB free (0%)' 'run: pyxis gc'
  wrapped=("${before[@]}")
  store_on tmpfs size=1m,nr_inodes=200 "(cd $(store) && touch \$(seq 185))"
  doctor
  assert_found warn "user's store: space" 'of 200 inodes (7%)' 'run: pyxis gc'
  assert_success
}

@test "doctor: a store that is read-only, and one that belongs to somebody else" {
  local before=("${wrapped[@]}")
  store_on tmpfs size=1m "mount -o remount,ro $(store)"
  doctor
  assert_found fail "user's store" 'Read-only file system' 'run: mount -o remount,rw'
  wrapped=("${before[@]}")
  store_on tmpfs size=1m "chown root: $(store)"
  doctor
  assert_found fail "user's store" 'belongs to uid 0' "run: chown -R $(id -u "$PYXIS_TEST_USER") $(store)"
  doctor ENROOT_RUNTIME_PATH="$node/etc"
  assert_found fail 'runtime directory' "$node/etc belongs to uid 0" 'set ENROOT_RUNTIME_PATH to another directory'
}

@test "doctor: a store below a directory that all users write to, without the sticky bit" {
  mkdir -m 777 "$node/stores"
  chmod 777 "$node/stores"
  doctor ENROOT_DATA_PATH="$node/stores/own"
  assert_found warn "user's store" "$node/stores can be written by all users" "run: chmod +t $node/stores"
  assert_success
  chmod +t "$node/stores"
  doctor ENROOT_DATA_PATH="$node/stores/own"
  [[ -z $(found warn "user's store") ]]
}

@test "doctor: a runtime_path that slurmd cannot make" {
  plugstack "required $node/spank_pyxis.so store=user pyxis_path=$PYXIS runtime_path=$node/gone/pyxis"
  doctor
  assert_found fail 'runtime directory of steps' "there is no directory $node/gone" "run: install -d -m 755 $node/gone && systemctl restart slurmd"
  mkdir "$node/gone"
  doctor
  assert_success
}

@test "doctor: a store on a file system without extended attributes: containers are copies, and must be allowed to run" {
  local before=("${wrapped[@]}")
  store_on ramfs mode=0755
  doctor
  assert_found warn "user's store: attributes" 'user extended attributes on ramfs' 'ENROOT_DATA_PATH'
  assert_found warn "user's store: overlay" 'containers are copies of their layers' 'ENROOT_DATA_PATH'
  assert_success
  wrapped=("${before[@]}")
  store_on ramfs mode=0755 "mount -o remount,bind,noexec $(store)"
  doctor
  assert_found fail "user's store: overlay" 'mounted noexec' 'run: mount -o remount,exec'
}

@test "doctor: a file server that is gone does not hang it" {
  mkdir "$node/dead"
  wrapped+=("$repo/tests/support/dead_file_server" "$node/dead")
  doctor ENROOT_DATA_PATH="$node/dead/store" --timeout 3
  assert_found fail "user's store" 'no answer within 3 s' 'run: '
  [[ -n $(found pass 'user namespaces') && -n $(found pass plugin) ]]
}

@test "doctor: root writes nothing where a user can change what it leads to" {
  as_user mkdir -p "$(store)"
  run --separate-stderr env -i HOME="$TEST_HOME" PATH=/usr/sbin:/usr/bin "$PYXIS" doctor --json
  assert_found skip "user's store" 'root writes nothing there' 'as the user'
  # In a directory for all, a link of a user's has the name that root's is to have.
  mkdir -m 1777 "$node/tmp" && mkdir "$node/precious" "$node/real"
  local before
  before=$(stat -c %y "$node/precious")
  as_user ln -s "$node/precious" "$node/tmp/link"
  runtime_found() { # PATH VERDICT FACT
    run --separate-stderr env -i HOME="$node" ENROOT_RUNTIME_PATH="$1" PATH=/usr/sbin:/usr/bin "$PYXIS" doctor --json
    [[ $(found "$2" 'runtime directory') == *"$3"* ]] || fail "$output"
  }
  runtime_found "$node/tmp/link" skip "$node/tmp/link belongs to uid"
  runtime_found "$node/tmp/link/deeper" skip "$node/tmp/link belongs to uid"
  assert_equal "$(stat -c %y "$node/precious")" "$before" # nothing was made there
  # Root's own links are as good as what they lead to.
  ln -s "$node/real" "$node/tmp/own"
  runtime_found "$node/tmp/own" pass "$node/tmp/own"
}

@test "doctor: the node's store: without its user, and on a file system that cannot have it" {
  plugstack "required $node/spank_pyxis.so pyxis_path=$PYXIS"
  local before=("${wrapped[@]}")
  doctor
  [[ $(found skip "node's store") == *'only root can try'* ]] || fail "$output"
  sed '/^_pyxis:/d' /etc/passwd >"$node/passwd"
  chmod 644 "$node/passwd"
  plant "mount --bind $node/passwd /etc/passwd"
  doctor
  assert_found fail "node's store" 'there is no user _pyxis' 'run: useradd --system --no-create-home --shell /usr/sbin/nologin _pyxis'
  wrapped=("${before[@]}")
  plant 'mount -t ramfs -o mode=0755 none /var/lib'
  doctor_of_root
  assert_found fail "node's store" 'this node cannot have it' '/pyxis-storage probe'
  wrapped=("${before[@]}")
  plant 'mount -t tmpfs -o mode=0755 none /var/lib && mkdir -m 1777 /var/lib/pyxis'
  doctor_of_root
  assert_found fail "node's store" '/var/lib/pyxis can be changed by others than root' 'run: chown root: /var/lib/pyxis && chmod go-w /var/lib/pyxis'
  wrapped=("${before[@]}")
  plant 'mount -t tmpfs -o mode=0755 none /var/lib'
  doctor_of_root
  assert_found pass "node's store" 'has id-mapped mounts' ''
  assert_success
}

# --- Slurm ------------------------------------------------------------------------------------------------

@test "doctor: plugstack.conf is followed as Slurm does" {
  mkdir "$node/plugstack.conf.d"
  plugstack '# the line is elsewhere' 'include plugstack.conf.d/*.conf'
  doctor
  assert_found fail 'plugstack line' "$node/plugstack.conf" "run: echo 'required "
  echo "required $node/spank_pyxis.so store=user pyxis_path=$PYXIS # ours" >"$node/plugstack.conf.d/pyxis.conf"
  doctor
  assert_found pass 'plugstack line' "$node/plugstack.conf.d/pyxis.conf:1" ''
  assert_success
  echo "required $node/spank_pyxis.so" >>"$node/plugstack.conf"
  doctor
  assert_found warn 'plugstack line' "$node/plugstack.conf:3 names the plugin again" "run: sed -i '3s/^/#/' $node/plugstack.conf"
  rm "$node/plugstack.conf"
  doctor
  assert_found fail 'plugstack line' "$node/plugstack.conf: No such file" "echo 'required "
}

@test "doctor: a line that is optional, and one with an option that there is not" {
  plugstack '' "optional $node/spank_pyxis.so store=user pyxis_path=$PYXIS"
  doctor
  assert_found fail 'plugstack line' 'its task runs outside' "run: sed -i '2s/optional/required/' $node/plugstack.conf"
  plugstack "required $node/spank_pyxis.so stor=user"
  doctor
  assert_found fail 'plugstack options' 'unknown key "stor"' "run: sed -n 1p $node/plugstack.conf"
}

@test "doctor: the remedy for an optional line works when it is run" {
  plugstack "optional $node/spank_pyxis.so store=user pyxis_path=$PYXIS"
  doctor
  bash -c "$(jq -r '.findings[] | select(.check == "plugstack line").remedy | ltrimstr("run: ")' <<<"$output")"
  doctor
  assert_success
}

@test "doctor: a plugin that is not there, or that others can change; an engine that is not there" {
  plugstack "required $node/gone/spank_pyxis.so store=user pyxis_path=$PYXIS"
  doctor
  assert_found fail plugin "$node/gone/spank_pyxis.so: No such file" 'run: make install'
  bash -c "$(jq -r '.findings[] | select(.check == "plugin").remedy | sub(".*or: "; "")' <<<"$output")"
  run -0 cat "$node/plugstack.conf"
  assert_output --regexp "^required /.*/lib/slurm/spank_pyxis.so store=user pyxis_path=$PYXIS\$"
  plugstack "required $node/spank_pixis.so store=user"
  doctor
  assert_found fail plugin "$node/spank_pixis.so: No such file" "sed -i '1s|$node/spank_pixis.so|"
  plugstack "required $node/spank_pyxis.so store=user pyxis_path=$PYXIS"
  chmod 666 "$node/spank_pyxis.so"
  doctor
  assert_found fail plugin "$node/spank_pyxis.so can be changed by others than root" "run: chown root: $node/spank_pyxis.so && chmod go-w $node/spank_pyxis.so"
  chmod 755 "$node/spank_pyxis.so"
  mkdir -m 777 "$node/releases" && ln -s "$node" "$node/releases/current"
  plugstack "required $node/releases/current/spank_pyxis.so store=user pyxis_path=$PYXIS"
  doctor
  assert_found fail plugin "$node/releases can be changed by others than root" "chmod go-w $node/releases"
  plugstack "required $node/spank_pyxis.so store=user pyxis_path=$node/pyxis"
  doctor
  assert_found fail engine "$node/pyxis: No such file" 'run: make install'
}

@test "doctor: a plugin of another release of Slurm, and a file that is no plugin" {
  "$repo/tests/support/as_of_slurm_23_02" "$node/spank_pyxis.so"
  doctor
  assert_found fail "plugin's release" 'was built for Slurm 23.02.4' 'run: make && sudo make install'
  echo 'no plugin' >"$node/spank_pyxis.so"
  doctor
  assert_found fail "plugin's release" 'no shared object of this machine' 'run: make && sudo make install'
}

# --- Pyxis itself -----------------------------------------------------------------------------------------

libexec() { realpath "$(dirname "$PYXIS")/../libexec"; }

@test "doctor: pyxis-storage that others can write to, and a program that is missing" {
  local before=("${wrapped[@]}")
  cp "$(libexec)/pyxis-storage" "$node/pyxis-storage"
  chmod 775 "$node/pyxis-storage"
  plant "mount --bind $node/pyxis-storage $(libexec)/pyxis-storage"
  doctor
  assert_found fail pyxis-storage "pyxis-storage can be changed by others than root, and root runs what is there" "chmod go-w $(libexec)/pyxis-storage"
  wrapped=("${before[@]}")
  plant "mount --bind /dev/null $(libexec)/pyxis-squash"
  doctor
  assert_found fail programs 'pyxis-squash' 'run: sudo make install'
}

@test "doctor: a setting that there is not" {
  printf '%s\n' '# of the site' 'ENROT_DATA_PATH /local' >"$node/etc/enroot.conf"
  chmod 644 "$node/etc/enroot.conf"
  doctor ENROOT_SYSCONF_PATH="$node/etc"
  assert_found fail settings "$node/etc/enroot.conf:2" "run: sed -i '2s/^/#/' $node/etc/enroot.conf"
  printf '%s\n' '# of the site' 'ENROOT_REMAP_ROOT maybe' >"$node/etc/enroot.conf"
  doctor ENROOT_SYSCONF_PATH="$node/etc"
  assert_found fail settings "$node/etc/enroot.conf:2: ENROOT_REMAP_ROOT: 'maybe'" "run: sed -i '2s/^/#/' $node/etc/enroot.conf"
  [[ -n $(found pass 'user namespaces') ]]
}

@test "doctor: settings that others can write" {
  echo 'ENROOT_REMAP_ROOT no' >"$node/etc/enroot.conf"
  chmod 666 "$node/etc/enroot.conf"
  doctor ENROOT_SYSCONF_PATH="$node/etc"
  assert_found fail settings "$node/etc/enroot.conf can be changed by other users" "run: chmod go-w $node/etc/enroot.conf"
}

@test "doctor: a setting that is nearly one, and one that is a hook's own" {
  printf 'ENROOT_MAX_CONECTIONS 3\nENROOT_OF_OUR_HOOK x\n' >"$node/etc/enroot.conf"
  chmod 644 "$node/etc/enroot.conf"
  doctor ENROOT_SYSCONF_PATH="$node/etc"
  assert_found warn settings "$node/etc/enroot.conf:1: there is no setting 'ENROOT_MAX_CONECTIONS'; did you mean 'ENROOT_MAX_CONNECTIONS'?" 'put the name right there'
  refute_output --partial OF_OUR_HOOK
}

@test "doctor: a registries.conf that cannot be read, without any registry being asked" {
  printf '[[registry]]\nlocation = "registry.example"\nblock = true\n' >"$node/etc/registries.conf"
  chmod 644 "$node/etc/registries.conf"
  doctor ENROOT_SYSCONF_PATH="$node/etc"
  assert_found fail registries.conf "$node/etc/registries.conf:3: unknown key 'block'" 'containers-registries.conf(5)'
  sed -i 's/^block /blocked /' "$node/etc/registries.conf"
  doctor ENROOT_SYSCONF_PATH="$node/etc"
  assert_found pass registries.conf 'rules: 1' ''
  assert_success
}

# --- registries -------------------------------------------------------------------------------------------

@test "doctor: a registry whose name there is not, one that is down, and one that is none" {
  doctor --registry nowhere.invalid
  assert_found fail 'nowhere.invalid: name' 'nowhere.invalid: ' 'run: getent hosts nowhere.invalid'
  doctor --registry 127.0.0.1:9
  assert_found fail 127.0.0.1:9 'Connection refused' 'run: curl -v https://127.0.0.1:9/v2/'
  odd_registry --status 404
  doctor --registry "127.0.0.1:$port"
  assert_found fail "127.0.0.1:$port" 'answers 404 as no registry does' "run: curl -i http://127.0.0.1:$port/v2/"
}

@test "doctor: a certificate of an unknown authority, and one for another name; the remedy mends it" {
  certificate_for IP:127.0.0.1
  odd_registry --certificate "$node/both.pem"
  doctor --registry "127.0.0.1:$port"
  assert_found fail "127.0.0.1:$port" certificate "run: openssl s_client -showcerts -connect 127.0.0.1:$port"
  assert_found fail "127.0.0.1:$port" certificate "install -D -m 644 CA.crt /etc/enroot/certs.d/127.0.0.1:$port/ca.crt"
  install -D -m 644 "$node/cert.pem" "$node/etc/certs.d/127.0.0.1:$port/ca.crt"
  doctor ENROOT_SYSCONF_PATH="$node/etc" --registry "127.0.0.1:$port"
  assert_found pass "127.0.0.1:$port" 'certificate verified' ''
  assert_success
  chmod 700 "$node/etc/certs.d/127.0.0.1:$port"
  doctor ENROOT_SYSCONF_PATH="$node/etc" --registry "127.0.0.1:$port"
  assert_found fail "127.0.0.1:$port" "certs.d/127.0.0.1:$port: Permission denied" 'must be able to read it'
  exec {server}>&-
  certificate_for DNS:elsewhere.example
  odd_registry --certificate "$node/both.pem"
  doctor SSL_CERT_FILE="$node/cert.pem" --registry "127.0.0.1:$port"
  assert_found fail "127.0.0.1:$port" certificate 'run: openssl s_client'
}

@test "doctor: a clock that is wrong" {
  odd_registry --ahead 630
  doctor --registry "127.0.0.1:$port"
  assert_found fail "127.0.0.1:$port: clock" 'clock is 10 min behind' 'run: chronyc makestep'
  exec {server}>&-
  odd_registry --ahead -60
  doctor --registry "127.0.0.1:$port"
  assert_found warn "127.0.0.1:$port: clock" 's ahead of' 'timedatectl set-ntp true'
  assert_success
}

@test "doctor: login: none where one is wanted, a wrong password, and the right one" {
  local registry
  doctor --registry "$REGISTRY_BASIC" --registry "$REGISTRY_TOKEN"
  assert_found warn "$REGISTRY_BASIC: login" 'there are no credentials' "run: docker login $REGISTRY_BASIC"
  assert_found pass "$REGISTRY_TOKEN: login" anonymous ''
  assert_success
  for registry in "$REGISTRY_BASIC" "$REGISTRY_TOKEN"; do
    write_secret .config/enroot/.credentials "machine $registry login alice password looking-glass"
    doctor --registry "$registry"
    assert_found fail "$registry: login" 'user alice (from ' "run: docker login $registry"
    refute_output --partial looking-glass
    write_secret .config/enroot/.credentials "machine $registry login alice password wonderland"
    doctor --registry "$registry"
    assert_found pass "$registry: login" 'user alice (from ' ''
    assert_success
    refute_output --partial wonderland
  done
}

@test "doctor: the proxy that is used is shown, without its password, and a registry that is spared it" {
  doctor https_proxy=http://me:secret@127.0.0.1:9 --registry nowhere.invalid
  assert_found pass 'nowhere.invalid: proxy' 'http://127.0.0.1:9' ''
  assert_found fail 'nowhere.invalid' '' 'run: curl -v https://nowhere.invalid/v2/'
  refute_output --partial secret
  doctor https_proxy=http://127.0.0.1:9 no_proxy=127.0.0.1 --registry "$REGISTRY"
  assert_found pass "$REGISTRY: proxy" 'no_proxy=127.0.0.1' ''
  assert_success
}

# --- devices ----------------------------------------------------------------------------------------------

@test "doctor: a CDI spec that is broken is named" {
  mkdir "$node/run/cdi"
  echo '{"cdiVersion": "0.5.0", "kind": "example.org/gpu", "devices": [{"name": "0"}]}' >"$node/run/cdi/good.json"
  doctor
  assert_found pass 'CDI specs' '/var/run/cdi/good.json: example.org/gpu, 1 devices' ''
  assert_success
  echo '{"cdiVersion": "0.5.0", "kind": ' >"$node/run/cdi/bad.json"
  doctor
  assert_found fail 'CDI specs' '/var/run/cdi/bad.json' 'run: nvidia-ctk cdi generate --output=/var/run/cdi/bad.json'
}

# --- an image ---------------------------------------------------------------------------------------------

# Its own messages of the import are not findings.
doctor_image() { # [OPTION...] IMAGE
  run --separate-stderr pyxis SLURM_CONF="$node/slurm.conf" doctor --json "$@"
}

@test "doctor: an image that fits: architecture, C library, MPI, against Slurm's plugins for it" {
  doctor_image "$REGISTRY/mpi"
  assert_success
  assert_found pass 'image: architecture' 'as this node' ''
  assert_found pass 'image: C library' "glibc 2.36; this node has $(getconf GNU_LIBC_VERSION | cut -d' ' -f2)" ''
  assert_found pass 'image: MPI' 'Open MPI (libmpi.so.40' ''
  assert_found pass 'image: MPI' 'srun --mpi=pmix' ''
  assert_found pass 'image: CUDA' 'not asked for' ''
  assert_nothing_left
}

@test "doctor: an image whose MPI needs what Slurm has not here" {
  mkdir "$node/plugins"
  touch "$node/plugins/mpi_pmi2.so"
  echo "PluginDir=$node/plugins" >>"$node/slurm.conf"
  doctor_image "$REGISTRY/mpi"
  assert_found fail 'image: MPI' 'needs PMIx, and Slurm has pmi2' 'run: apt-get install libpmix-dev'
}

@test "doctor: an image for CUDA on a node without GPUs, one for another architecture, and one that there is not" {
  doctor_image "$REGISTRY/asking:cuda"
  assert_found warn 'image: CUDA' 'CUDA 12.0, and this node has no NVIDIA driver' 'run: srun --gpus=1 pyxis doctor'
  assert_success
  doctor_image "$REGISTRY/arm64only"
  assert_found fail image 'does not exist for linux/amd64; it exists for: linux/arm64' 'choose one of these architectures'
  [[ -n $(found pass 'user namespaces') ]]
  doctor_image "$REGISTRY/nothing"
  assert_found fail image '404 Not Found' 'check the name and tag'
}
