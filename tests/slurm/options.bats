# What can be given, and what is refused. (That nothing is submitted then: cluster/options.bats.)

load helpers

setup_file() {
  export IMAGE=$REGISTRY/busybox
}

# A call of srun that the plugin refuses: one line.
refuses() { # MESSAGE COMMAND...
  local message=$1
  run --separate-stderr "${@:2}"
  assert_failure
  assert_said_once "error: pyxis: $message"
  assert_equal "$(grep -c pyxis: <<<"$stderr")" 1
  assert_output ""
}

@test "srun --help shows each option, with its placeholder" {
  run -0 srun --help
  local options=(
    '--container-image=[USER@][REGISTRY#]IMAGE[:TAG]|PATH'
    '--container-mounts=SRC:DST[:FLAGS][,...]'
    '--container-workdir=PATH'
    '--container-name=NAME[:FLAG]'
    '--container-save=PATH'
    '--container-mount-home'
    '--no-container-mount-home'
    '--container-remap-root'
    '--no-container-remap-root'
    '--container-entrypoint'
    '--no-container-entrypoint'
    '--container-entrypoint-log'
    '--container-writable'
    '--container-readonly'
    '--container-env=NAME[,NAME...]'
    '--container-unshare=NS[,NS...]'
    '--container-device=VENDOR/CLASS=NAME[,...]'
    '--environment=NAME|PATH'
  )
  local option
  for option in "${options[@]}"; do
    # Slurm puts the help behind the option, or below a long one.
    EXPECTED=$option awk '
      index($0, " " ENVIRON["EXPECTED"]) { rest = substr($0, index($0, ENVIRON["EXPECTED"]) + length(ENVIRON["EXPECTED"]))
        if (rest ~ /^ *$/) getline rest
        found = found || rest ~ /^ *\[pyxis\] [a-z]/ }
      END { exit !found }' <<<"$output" || fail "no $option with a help text"
  done
  assert_equal "$(grep -c '\[pyxis\]' <<<"$output")" "${#options[@]}"
}

@test "sbatch and salloc have the options too" {
  run -0 sbatch --help
  assert_line --partial '--container-image=[USER@]'
  run -0 salloc --help
  assert_line --partial '--container-image=[USER@]'
}

@test "an empty argument is refused" {
  local option
  for option in image mounts workdir name save env unshare device; do
    refuses "--container-$option: argument required" srun "--container-$option=" true
  done
}

@test "an option and its opposite are refused, and both named" {
  refuses 'both --container-writable and --container-readonly were specified' srun --container-image=a --container-writable --container-readonly true
  local option
  for option in mount-home remap-root entrypoint; do
    refuses "both --container-$option and --no-container-$option were specified" \
      srun --container-image=a "--no-container-$option" "--container-$option" true
  done
}

@test "invalid arguments are refused" {
  refuses '--container-name: "a/b" must not contain' srun --container-name=a/b true
  refuses '--container-name: empty name' srun --container-name=:exec true
  refuses '--container-name: name too long' srun --container-name="$(printf 'x%.0s' {1..256})" true
  refuses '--container-name: invalid flag "sometimes"' srun --container-name=a:sometimes true
  refuses '--container-mounts: invalid format: "relative:/a"' srun --container-image=a --container-mounts=/tmp,relative:/a true
  refuses '--container-mounts: invalid format: "/a:b"' srun --container-image=a --container-mounts=/a:b true
  refuses '--container-mounts: invalid format: "/a:/b:ro:rw"' srun --container-image=a --container-mounts=/a:/b:ro:rw true
  refuses '--container-mounts: invalid format: "tmpfs"' srun --container-image=a --container-mounts=tmpfs true
  refuses '--container-device: device "gpu": it has no' srun --container-image=a --container-device=gpu true
  refuses '--container-unshare: invalid namespace "mnt"' srun --container-image=a --container-unshare=net,mnt true
  refuses '--container-env: invalid variable name "A=b"' srun --container-image=a --container-env=A=b true
  refuses "--container-image: image 'two words': blanks and control characters are not allowed" srun --container-image='two words' true
  refuses "--container-image: image 'UPPER/x': 'UPPER' has upper-case letters; image names are lower case" srun --container-image=UPPER/x true
  refuses "--container-image: image 'a:ta/g': " srun --container-image=a:ta/g true
  refuses "--container-image: image 'docker://host:port/x': 'host:port' is not a registry" srun --container-image=docker://host:port/x true
  refuses "--container-image: image 'ftp://x': unknown scheme" srun --container-image=ftp://x true
}

@test "a path to save to that is a directory is one error that fails the job" {
  refuses '--container-save: path is a directory: out/' srun --container-image=a --container-save=out/ true
}

@test "without an image and a name, each option is ignored, and says so" {
  run -0 --separate-stderr step --container-mounts=/tmp:/x --container-workdir=/x --container-save=x --container-mount-home \
    --container-remap-root --container-entrypoint --container-entrypoint-log --container-writable --container-env=X \
    --container-unshare=net --container-device=vendor.com/gpu=0 grep ^ID= /etc/os-release
  assert_output "$(grep ^ID= /etc/os-release)"
  local option
  for option in mounts workdir save mount-home remap-root entrypoint entrypoint-log writable env unshare device; do
    assert_said_once "pyxis: ignoring --container-$option because neither --container-image nor --container-name is set"
  done
  run -0 --separate-stderr step --no-container-mount-home --no-container-remap-root --no-container-entrypoint \
    --container-readonly grep ^ID= /etc/os-release
  assert_output "$(grep ^ID= /etc/os-release)"
  for option in no-container-mount-home no-container-remap-root no-container-entrypoint container-readonly; do
    assert_said_once "pyxis: ignoring --$option because neither --container-image nor --container-name is set"
  done
}

# --- defaults in the environment ------------------------------------------------------------------------

step_with() { # NAME=VALUE... -- [OPTION...] COMMAND...
  local settings=()
  while [[ $1 != -- ]]; do settings+=("$1") && shift; done
  env "${settings[@]}" srun --overlap -N1 -n1 -w "$NODE" "${@:2}"
}

@test "each option has a default in the environment" {
  echo 'a file of the node' >"$SUITE/options-file"
  run -0 --separate-stderr step_with PYXIS_CONTAINER_IMAGE="$IMAGE:env" PYXIS_CONTAINER_MOUNTS="$SUITE/options-file:/mounted" \
    PYXIS_CONTAINER_WORKDIR=/etc PYXIS_CONTAINER_REMAP_ROOT=yes PYXIS_CONTAINER_MOUNT_HOME=1 PYXIS_CONTAINER_READONLY=true \
    PYXIS_CONTAINER_ENV=EMPTY,DOLLAR EMPTY=full PYXIS_CONTAINER_UNSHARE=net PYXIS_CONTAINER_ENTRYPOINT=no -- \
    sh -c 'id -u; pwd; cat /mounted; echo "$EMPTY $DOLLAR"; touch /new 2>/dev/null || echo read-only; grep -c : /proc/net/dev
           grep -q " '"$(getent passwd "$(id -u)" | cut -d: -f6)"' " /proc/self/mountinfo && echo "home $HOME"'
  assert_output "$(printf '%s\n' 0 /etc 'a file of the node' 'full $HOME' read-only 1 "home $(getent passwd "$(id -u)" | cut -d: -f6)")"
}

@test "defaults yield to the command line, opposites included" {
  run -0 --separate-stderr step_with PYXIS_CONTAINER_IMAGE=no/such/image PYXIS_CONTAINER_WORKDIR=/no/such PYXIS_CONTAINER_REMAP_ROOT=1 \
    PYXIS_CONTAINER_READONLY=1 PYXIS_CONTAINER_ENV=PATH PYXIS_CONTAINER_ENTRYPOINT=1 -- \
    --container-image="$IMAGE" --container-workdir=/bin --no-container-remap-root --container-writable \
    --container-env=X --no-container-entrypoint sh -c 'id -u; pwd; echo "$PATH"; touch /new && echo writable'
  assert_output "$(printf '%s\n' "$(id -u)" /bin /usr/local/bin:/usr/bin:/bin writable)"
}

@test "without an image, defaults are ignored in silence" {
  run -0 --separate-stderr step_with PYXIS_CONTAINER_MOUNTS=/tmp:/x PYXIS_CONTAINER_REMAP_ROOT=1 -- grep ^ID= /etc/os-release
  assert_output "$(grep ^ID= /etc/os-release)"
  refute_said pyxis
}

@test "a bad default is an error that names the variable" {
  refuses 'PYXIS_CONTAINER_REMAP_ROOT: invalid value "perhaps"' env PYXIS_CONTAINER_REMAP_ROOT=perhaps srun --container-image=a true
  refuses 'PYXIS_CONTAINER_NAME: --container-name: "a/b"' env PYXIS_CONTAINER_NAME=a/b srun true
  refuses 'PYXIS_CONTAINER_READONLY: both --container-writable and --container-readonly' env PYXIS_CONTAINER_WRITABLE=1 PYXIS_CONTAINER_READONLY=1 srun --container-image=a true
}
