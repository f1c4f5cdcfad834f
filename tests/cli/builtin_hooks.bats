# The engine's own hooks: what they do, their order, and how a site switches them.

load helpers

setup_file() {
  load helpers
  make_home
  pyxis load -n box "$REGISTRY/busybox"
  pyxis load -n bookworm "$REGISTRY/bookworm"
  pyxis load -n cuda "$REGISTRY/asking:cuda"
  pyxis load -n torch "$REGISTRY/asking:pytorch"
  pyxis load -n static "$REGISTRY/static"
}
teardown_file() {
  load helpers
  remove_home
}

setup() {
  site=$TEST_HOME/site
  container=box
  options=()
}
teardown() {
  assert_nothing_left
  rm -rf "$site"
}

# A file of root's, as an admin writes it.
site_file() { # NAME < TEXT
  mkdir -p "$site/$(dirname "$1")"
  cat >"$site/$1"
  chmod 644 "$site/$1"
}

site_hook() { # NAME < SCRIPT
  site_file "hooks.d/$1"
  chmod 755 "$site/hooks.d/$1"
}

start() { # [VARIABLE=value...] COMMAND...
  local settings=()
  while [[ $1 == [A-Z_a-z]*=* ]]; do
    settings+=("$1")
    shift
  done
  pyxis ENROOT_SYSCONF_PATH="$site" "${settings[@]}" start "${options[@]}" "$container" "$@"
}

# --- order and switches -----------------------------------------------------------------------------------

@test "hooks of a site run between the engine's own, in the order of all their names" {
  local name
  for name in 09-before.sh 11-after.sh; do
    site_hook "$name" <<<$'#!/bin/sh\ngrep -c "^$(id -un):" "$ENROOT_ROOTFS/etc/passwd"\ngrep -c MASTER_PORT "$ENROOT_ENVIRON"\nexit 0'
  done
  site_hook 51-later.sh <<<$'#!/bin/sh\ngrep MASTER_PORT "$ENROOT_ENVIRON"'
  # A new container: of one that was started before, passwd has the entry.
  pyxis load -n fresh "$REGISTRY/asking:pytorch"
  container=fresh
  run -0 start SLURM_JOB_ID=1 true
  assert_line --index 0 '[INFO] 09-before.sh: 0'
  assert_line --index 1 '[INFO] 09-before.sh: 0'
  assert_line --index 2 '[INFO] 11-after.sh: 1'
  assert_line --index 3 '[INFO] 11-after.sh: 0'
  assert_line --index 4 '[INFO] 51-later.sh: MASTER_PORT=61001'
  pyxis remove -f fresh
}

@test "what a hook of the site changes in the environment is seen by the engine's own after it" {
  site_hook 20-no-torch.sh <<<$'#!/bin/sh\nsed -i "/^PYTORCH_VERSION=/d" "$ENROOT_ENVIRON"'
  container=torch
  run -0 start SLURM_JOB_ID=1 sh -c 'echo "${MASTER_PORT-none}"'
  assert_output none
}

@test "a hook of the site takes the place of the engine's own of that name; a file that is none leaves it empty" {
  container=torch
  site_hook 50-slurm-pytorch.sh <<<$'#!/bin/sh\necho MASTER_PORT=of-the-site >>"$ENROOT_ENVIRON"'
  run -0 start SLURM_JOB_ID=1 sh -c 'echo "$MASTER_PORT"'
  assert_output of-the-site
  chmod 644 "$site/hooks.d/50-slurm-pytorch.sh"
  run -0 start SLURM_JOB_ID=1 sh -c 'echo "${MASTER_PORT-none}"'
  assert_output none
  ln -sf /dev/null "$site/hooks.d/50-slurm-pytorch.sh"
  run -0 start SLURM_JOB_ID=1 sh -c 'echo "${MASTER_PORT-none}"'
  assert_output none
  rm "$site/hooks.d/50-slurm-pytorch.sh"
  run -0 start SLURM_JOB_ID=1 sh -c 'echo "$MASTER_PORT"'
  assert_output 61001
}

# --- accounts, home, time ---------------------------------------------------------------------------------

@test "accounts: with the hook switched off, passwd is the image's" {
  site_file hooks.d/10-shadow.sh <<<''
  pyxis load -n fresh "$REGISTRY/busybox"
  container=fresh
  run -0 start sh -c 'grep -c "^$USER:" /etc/passwd || echo "$HOME"'
  assert_output $'0\n'"$TEST_HOME"
  # HOME is what the image has for the user's number.
  options=(-r -w)
  run -0 start sh -c "echo them:x:$(id -u "$PYXIS_TEST_USER"):5::/home/them:/bin/sh >>/etc/passwd"
  options=()
  run -0 start sh -c 'echo "$HOME"'
  assert_output /home/them
  rm "$site/hooks.d/10-shadow.sh"
  run -0 start sh -c 'grep -c "^$USER:" /etc/passwd; ls -d "$HOME"'
  assert_output $'1\n'"$TEST_HOME"
  pyxis remove -f fresh
}

@test "home: ENROOT_MOUNT_HOME, and the hook switched off" {
  as_user touch "$TEST_HOME/at-home"
  run -0 start ENROOT_MOUNT_HOME=yes sh -c 'ls "$HOME/at-home"'
  run -1 start sh -c 'ls "$HOME/at-home"'
  site_file hooks.d/10-home.sh <<<''
  run -1 start ENROOT_MOUNT_HOME=yes sh -c 'ls "$HOME/at-home"'
}

@test "localtime: the container has the node's time zone" {
  local zone=/usr/share/zoneinfo/Asia/Kathmandu
  container=bookworm
  options=(-w -m "$zone:/zone")
  run -0 start sh -c "mkdir -p ${zone%/*} && cp /zone $zone"
  options=()
  mkdir "$TEST_HOME/etc"
  cp -a /etc/. "$TEST_HOME/etc"
  ln -sfn "$zone" "$TEST_HOME/etc/localtime"
  wrapped=(unshare --mount sh -c 'mount --rbind "$0/etc" /etc && exec "$@"' "$TEST_HOME")
  container=box
  # busybox has no database of zones, and gets the file.
  run -0 start date +%z -d @0
  assert_output +0530
  run -0 start sh -c '[ -f /etc/localtime ] && [ ! -L /etc/localtime ]'
  # Where there is one, programs can read the name from the link.
  container=bookworm
  run -0 start readlink /etc/localtime
  assert_output "$zone"
  run -0 start date +%z -d 2020-01-01
  assert_output +0545
  run -0 start TZ=UTC date +%z
  assert_output +0000
  site_file hooks.d/10-localtime.sh <<<''
  options=(-w)
  run -0 start rm /etc/localtime
  run -0 start date +%z
  assert_output +0000
  rm -rf "$TEST_HOME/etc"
}

@test "apt: its sandbox is off where the user is root inside, and only there" {
  container=bookworm
  run -0 start sh -c 'apt-config dump APT::Sandbox::User'
  refute_output --partial '"root"'
  options=(--root)
  run -0 start sh -c 'apt-config dump APT::Sandbox::User'
  assert_output 'APT::Sandbox::User "root";'
  container=box
  run -0 start ls -d /etc
}

# --- /dev, cgroups ----------------------------------------------------------------------------------------

@test "devices: the node's /dev, or with ENROOT_RESTRICT_DEV the usual few" {
  run -0 start ls /dev
  assert_equal "$output" "$(ls /dev)"
  run -0 start ENROOT_RESTRICT_DEV=yes ls -A /dev
  assert_equal "$output" "$(printf '%s\n' fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero |
    while read -r name; do [[ $name != mqueue || -e /dev/mqueue ]] && echo "$name"; done)"
  run -0 start ENROOT_RESTRICT_DEV=yes sh -c 'echo lost >/dev/null; head -c 3 /dev/zero | wc -c; readlink /dev/stdout; echo in | cat /dev/fd/0; echo >/dev/full || echo full'
  assert_line 3
  assert_line /proc/self/fd/1
  assert_line in
  assert_line full
  # Nothing of the node's /dev is left below, and a mount of the user's finds its place.
  run -0 start ENROOT_RESTRICT_DEV=yes sh -c 'grep -c devtmpfs /proc/self/mountinfo'
  assert_output 7
  options=(-m /etc/hostname:/dev/mine)
  run -0 start ENROOT_RESTRICT_DEV=yes cat /dev/mine
  assert_output "$(cat /etc/hostname)"
}

@test "devices: a terminal is one, with ENROOT_RESTRICT_DEV too" {
  command -v script >/dev/null
  run -0 script -qec "$(printf '%q ' setpriv --reuid "$PYXIS_TEST_USER" --regid "$PYXIS_TEST_USER" --clear-groups --no-new-privs -- env -i \
    HOME="$TEST_HOME" USER="$PYXIS_TEST_USER" PATH=/usr/bin:/bin ENROOT_RUNTIME_PATH="$TEST_HOME/run" ENROOT_RESTRICT_DEV=yes \
    "$PYXIS" start box sh -c 'tty; : >/dev/tty && echo opened')" /dev/null
  assert_line --regexp '^/dev/pts/[0-9]+'
}

@test "cgroups: a namespace of its own, and mounts that show it" {
  run -0 start readlink /proc/self/ns/cgroup
  refute_output "$(readlink /proc/self/ns/cgroup)"
  run -0 start cut -d: -f3 /proc/self/cgroup
  assert_equal "$(sort -u <<<"$output")" /
  # Every hierarchy shows, at its top, the cgroup that this process is in.
  run -0 start sh -c 'for procs in /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/cgroup.procs; do
    [ ! -e "$procs" ] || grep -qx $$ "$procs" || echo "not in $procs"; done; echo end'
  assert_output end
  run start sh -c 'mkdir /sys/fs/cgroup/mine /sys/fs/cgroup/*/mine 2>/dev/null; echo $?'
  refute_output 0
  site_file hooks.d/10-cgroups.sh <<<''
  run -0 start readlink /proc/self/ns/cgroup
  assert_output "$(readlink /proc/self/ns/cgroup)"
}

# --- Slurm ------------------------------------------------------------------------------------------------

@test "Slurm: of a step that uses PMIx, its directory and the task's variables are inside" {
  as_user mkdir -p "$TEST_HOME/pmix.1.0"
  as_user touch "$TEST_HOME/pmix.1.0/mark"
  site_file environ.d/10.env <<<$'PMIX_RANK=stale\nPMIX_MCA_psec=of-the-site\nSLURM_JOB_ID=stale'
  run -0 start PMIX_SERVER_TMPDIR="$TEST_HOME/pmix.1.0" PMIX_RANK=3 PMIX_SECURITY_MODE=native PMIX_GDS_MODULE=hash SLURM_JOB_ID=7 \
    sh -c 'ls "$PMIX_SERVER_TMPDIR"; echo "$PMIX_RANK $PMIX_MCA_psec $PMIX_MCA_gds $SLURM_JOB_ID"'
  assert_output $'mark\n3 of-the-site hash 7'
  # Variables of a step that is over, as in what it has left running.
  run -0 start PMIX_SERVER_TMPDIR=/no/such/directory sh -c 'ls -d /no || echo none'
  assert_line none
  site_file hooks.d/50-slurm-pmi.sh <<<''
  run -0 start PMIX_SERVER_TMPDIR="$TEST_HOME/pmix.1.0" sh -c 'ls "$PMIX_SERVER_TMPDIR"'
  assert_output ''
}

@test "PyTorch: the rendezvous of the step, where the image has it" {
  local step=(SLURM_JOB_ID=4537 SLURM_PROCID=3 SLURM_LOCALID=1 SLURM_NTASKS=4 'SLURM_STEP_NODELIST=gpu[07-08]' SLURM_STEP_NUM_NODES=2)
  local show='echo "${RANK-} ${LOCAL_RANK-} ${WORLD_SIZE-} ${MASTER_ADDR-} ${MASTER_PORT-} ${OMP_NUM_THREADS-}"'
  container=torch
  run -0 start "${step[@]}" sh -c "$show"
  assert_output '3 1 4 gpu07 61001 1'
  run -0 start "${step[@]}" RANK=0 MASTER_PORT=29500 OMP_NUM_THREADS=8 sh -c "$show"
  assert_output '3 1 4 gpu07 29500 8'
  container=box
  run -0 start "${step[@]}" sh -c "$show"
  assert_output '     '
}

# --- GPUs -------------------------------------------------------------------------------------------------

# In the place of nvidia-container-cli: writes down how it was called and by whom, and mounts something as that would.
record_gpus() {
  mkdir -p "$TEST_HOME/bin"
  cat >"$TEST_HOME/bin/nvidia-container-cli" <<'END'
#!/bin/sh
printf '%s\n' "$@" >"$RECORD"
grep CapEff /proc/self/status >"$RECORD.capabilities"
for rootfs; do :; done
mkdir -p "$rootfs/usr/lib/nvidia" && mount --bind "$(dirname "$0")" "$rootfs/usr/lib/nvidia"
END
  chmod 755 "$TEST_HOME/bin/nvidia-container-cli"
  RECORD=$TEST_HOME/record
  rm -f "$RECORD"
  gpus=(PATH="$TEST_HOME/bin:/usr/bin:/bin" RECORD="$RECORD")
}

ldconfig_argument() {
  local path
  for path in /sbin/ldconfig.real /usr/sbin/ldconfig.real /sbin/ldconfig /usr/sbin/ldconfig; do
    [[ ! -x $path ]] || { echo "--ldconfig=@$path" && return; }
  done
}

@test "GPUs: nvidia-container-cli gets what the image asks for, as the user with capabilities" {
  record_gpus
  container=cuda
  run -0 start "${gpus[@]}" ls /usr/lib/nvidia
  assert_output nvidia-container-cli
  assert_equal "$(head -n -1 "$RECORD")" "--user
configure
--no-cgroups
$(ldconfig_argument)
--device=all
--compute
--utility
--require=cuda>=12.0 brand=tesla,driver>=470,driver<471"
  assert_equal "$(tail -n 1 "$RECORD")" "$(store)/containers/$(hostname)/cuda/root"
  assert_regex "$(cat "$RECORD.capabilities")" '^CapEff:.*[1-9a-f]'
  assert_equal "$(stat -c %U "$RECORD")" "$PYXIS_TEST_USER"
}

@test "GPUs: devices and capabilities of the job, where the image says nothing" {
  record_gpus
  run -0 start "${gpus[@]}" NVIDIA_VISIBLE_DEVICES=0,GPU-5 NVIDIA_DRIVER_CAPABILITIES=video,graphics NVIDIA_REQUIRE_DRIVER='driver>=500' \
    NVIDIA_MIG_CONFIG_DEVICES=all ENROOT_NVIDIA_LDCACHE=/opt/ld.so.cache true
  run -0 cat "$RECORD"
  assert_line --index 1 --ldcache=/opt/ld.so.cache
  assert_line --index 2 configure
  assert_line --device=0,GPU-5
  assert_line --mig-config=all
  assert_line --video
  assert_line --graphics
  assert_line '--require=driver>=500'
  refute_line --compute
  # What the image says wins, as with all variables.
  container=cuda
  run -0 start "${gpus[@]}" NVIDIA_VISIBLE_DEVICES=0 true
  run -0 cat "$RECORD"
  assert_line --device=all
}

@test "GPUs: NVIDIA_DISABLE_REQUIRE, all capabilities, and no GPU but the driver" {
  record_gpus
  container=cuda
  run -0 start "${gpus[@]}" NVIDIA_DISABLE_REQUIRE=1 true
  run -0 cat "$RECORD"
  refute_line --partial --require
  container=box
  run -0 start "${gpus[@]}" NVIDIA_VISIBLE_DEVICES=none NVIDIA_DRIVER_CAPABILITIES=all true
  run -0 cat "$RECORD"
  refute_line --partial --device
  local capability
  for capability in compute compat32 display graphics ngx utility video; do assert_line "--$capability"; done
}

@test "GPUs: unset, empty or void is nothing" {
  record_gpus
  local value
  run -0 start "${gpus[@]}" true
  for value in '' void; do
    run -0 start "${gpus[@]}" NVIDIA_VISIBLE_DEVICES="$value" true
    assert_output ''
  done
  site_file environ.d/10.env <<<NVIDIA_VISIBLE_DEVICES=
  run -0 start "${gpus[@]}" NVIDIA_VISIBLE_DEVICES=all true
  site_file environ.d/10.env <<<NVIDIA_VISIBLE_DEVICES=void
  container=cuda
  run -0 start "${gpus[@]}" true
  assert [ ! -e "$RECORD" ]
}

@test "GPUs: enroot.conf can ask for them" {
  record_gpus
  site_file enroot.conf <<<'NVIDIA_VISIBLE_DEVICES 1'
  run -0 start "${gpus[@]}" true
  run -0 cat "$RECORD"
  assert_line --device=1
  site_file hooks.d/98-nvidia.sh <<<''
  rm "$RECORD"
  run -0 start "${gpus[@]}" true
  assert [ ! -e "$RECORD" ]
}

@test "GPUs: a missing nvidia-container-cli is named" {
  ! command -v nvidia-container-cli || skip "nvidia-container-cli is installed on this machine"
  run start NVIDIA_VISIBLE_DEVICES=0 true
  assert_only_error 'NVIDIA_VISIBLE_DEVICES=0: GPUs are asked for, and nvidia-container-cli is not installed on this node' \
    'install libnvidia-container-tools'
  # An image that can use GPUs also runs where there are none.
  container=cuda
  run -0 start echo ran
  assert_line --partial '[WARN] NVIDIA_VISIBLE_DEVICES=all: GPUs are asked for, and nvidia-container-cli is not installed'
  assert_line --partial 'this node has no NVIDIA driver'
  assert_line ran
}

@test "GPUs: what nvidia-container-cli says when it fails is told" {
  record_gpus
  printf '#!/bin/sh\necho "nvidia-container-cli: device error: 7: unknown device" >&2\nexit 1\n' >"$TEST_HOME/bin/nvidia-container-cli"
  run start "${gpus[@]}" NVIDIA_VISIBLE_DEVICES=7 true
  assert_one_error "NVIDIA_VISIBLE_DEVICES=7: $TEST_HOME/bin/nvidia-container-cli exited with status 1"
  assert_line 'nvidia-container-cli: device error: 7: unknown device'
  run start NVIDIA_VISIBLE_DEVICES=0 NVIDIA_DRIVER_CAPABILITIES=compute,magic true
  assert_only_error "NVIDIA_DRIVER_CAPABILITIES: 'magic' is not a capability of the driver"
}

# --- InfiniBand -------------------------------------------------------------------------------------------

# A node with two adapters: devices that answer as /dev/null does.
with_hcas() {
  wrapped=(unshare --mount sh -c '
    dev=$0/dev
    mkdir -p "$dev" && mount -t tmpfs -o mode=755 tmpfs "$dev" && mkdir "$dev/infiniband"
    for name in null zero full random urandom tty ptmx; do touch "$dev/$name" && mount --bind "/dev/$name" "$dev/$name"; done
    mkdir "$dev/pts" "$dev/shm" && mount --rbind /dev/pts "$dev/pts" && mount --rbind /dev/shm "$dev/shm"
    for name in uverbs0 uverbs1 umad0 umad1 issm0 rdma_cm; do mknod -m 666 "$dev/infiniband/$name" c 1 3; done
    ln -s /proc/self/fd "$dev/fd"
    mount --rbind "$dev" /dev && exec "$@"' "$TEST_HOME")
}

@test "HCAs: with ENROOT_RESTRICT_DEV, those that are asked for" {
  with_hcas
  run -0 start ENROOT_RESTRICT_DEV=y sh -c 'ls /dev/infiniband || echo none'
  assert_line none
  run -0 start ENROOT_RESTRICT_DEV=y MELLANOX_VISIBLE_DEVICES=all ls /dev/infiniband
  assert_output $'issm0\nrdma_cm\numad0\numad1\nuverbs0\nuverbs1'
  run -0 start ENROOT_RESTRICT_DEV=y MELLANOX_VISIBLE_DEVICES=1 ls /dev/infiniband
  assert_output $'rdma_cm\numad1\nuverbs1'
  local value
  for value in none void ''; do
    run -0 start ENROOT_RESTRICT_DEV=y MELLANOX_VISIBLE_DEVICES="$value" sh -c 'ls /dev/infiniband || echo none'
    assert_line none
  done
  run -0 start ENROOT_RESTRICT_DEV=y MELLANOX_VISIBLE_DEVICES=5 true
  assert_output --partial '[WARN] MELLANOX_VISIBLE_DEVICES: this node has no adapter 5'
  run start MELLANOX_VISIBLE_DEVICES=mlx5_0 true
  assert_only_error "MELLANOX_VISIBLE_DEVICES: 'mlx5_0' is not the number of an adapter"
}

@test "HCAs: where the container has the node's /dev, they are there already" {
  with_hcas
  run -0 start MELLANOX_VISIBLE_DEVICES=all sh -c 'ls /dev/infiniband; grep infiniband /proc/self/mountinfo || echo no mount'
  assert_line uverbs1
  assert_line 'no mount'
  site_file hooks.d/99-mellanox.sh <<<''
  run -0 start ENROOT_RESTRICT_DEV=y MELLANOX_VISIBLE_DEVICES=all sh -c 'ls /dev/infiniband || echo none'
  assert_line none
}

@test "all of them do without anything in the image" {
  container=static
  run -0 start ENROOT_RESTRICT_DEV=y ENROOT_MOUNT_HOME=y
  assert_line 'arguments:'
}
