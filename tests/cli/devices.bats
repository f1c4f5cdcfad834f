# Devices by the Container Device Interface: what a specification asks for appears inside, and a hostile one leads nowhere.

load helpers

setup_file() {
  load helpers
  make_home
  pyxis load -n box "$REGISTRY/busybox"
  pyxis load -n cuda "$REGISTRY/asking:cuda"
}
teardown_file() {
  load helpers
  remove_home
}

setup() {
  site=$TEST_HOME/cdi-of-site
  run=$TEST_HOME/cdi-of-run
  as_user mkdir "$site" "$run"
  lib=$TEST_HOME/libvendor.so.1
  as_user sh -c 'echo "of the node" >"$1"' - "$lib"
  container=box
}
teardown() {
  assert_nothing_left
  chmod -R u+rwX "$site" "$run"
  rm -rf "$site" "$run" "$TEST_HOME/outside" "$TEST_HOME/seen"*
}

# A specification of the user's; one of the site's differs in nothing but its owner.
spec() { # FILE < TEXT
  # shellcheck disable=SC2016
  as_user sh -c 'cat >"$1"' - "$1"
}

# A file with one device, vendor.com/thing=one, that has these edits.
edits() { # YAML
  spec "$site/thing.yaml" <<EOF
cdiVersion: 1.0.0
kind: vendor.com/thing
devices: [{name: one, containerEdits: {$1}}]
EOF
}

start() { # [VARIABLE=value...] DEVICES COMMAND...
  local settings=()
  while [[ $1 == [A-Z_a-z]*=* && $1 != */* ]]; do
    settings+=("$1")
    shift
  done
  local device=$1
  shift
  pyxis ENROOT_CDI_PATH="$site:$run" "${settings[@]}" start --device "$device" "${options[@]}" "$container" "$@"
}
options=()

hook() { # NAME < SCRIPT: a program of the user's
  # shellcheck disable=SC2016
  as_user sh -c 'cat >"$1" && chmod 755 "$1"' - "$TEST_HOME/$1"
}

# --- what appears inside ----------------------------------------------------------------------------------

@test "a device made of /dev/null and a library appears inside" {
  before=$(find /dev -maxdepth 1 | sort)
  spec "$site/vendor.json" <<EOF
{"cdiVersion": "0.6.0", "kind": "vendor.com/thing",
 "containerEdits": {"env": ["VENDOR_DRIVER=7"],
   "mounts": [{"hostPath": "$lib", "containerPath": "/usr/lib/vendor/libvendor.so.1", "options": ["ro", "nosuid", "nodev", "bind"]}]},
 "devices": [{"name": "one", "containerEdits": {"env": ["VENDOR_DEVICE=one"],
   "deviceNodes": [{"path": "/dev/pyxis-test", "hostPath": "/dev/null", "type": "c", "major": 1, "minor": 3, "fileMode": 438}]}}]}
EOF
  run -0 start vendor.com/thing=one sh -c 'cat /usr/lib/vendor/libvendor.so.1; echo "$VENDOR_DRIVER $VENDOR_DEVICE"
    echo gone >/dev/pyxis-test; stat -c "%F %t:%T" /dev/pyxis-test; [ -c /dev/zero ] && [ -d /dev/pts ] && [ -e /dev/fd ]
    ! echo x 2>/dev/null >/usr/lib/vendor/libvendor.so.1'
  assert_output $'of the node\n7 one\ncharacter special file 1:3'
  assert_equal "$(find /dev -maxdepth 1 | sort)" "$before"
  # Without the option there is nothing of it.
  run -0 pyxis ENROOT_CDI_PATH="$site:$run" start box sh -c 'ls /dev/pyxis-test 2>/dev/null; echo "${VENDOR_DEVICE-none}"'
  assert_output none
}

@test "several devices, from several files and directories; what they share is there once" {
  edits 'deviceNodes: [{path: /dev/null}], env: [A=1]'
  spec "$run/other.yaml" <<'EOF'
cdiVersion: "0.5.0"
kind: vendor.com/other
containerEdits:
  env: [SHARED=yes]
devices:
- name: "0"
  containerEdits:
    deviceNodes:
    - path: /dev/pyxis/zero
      hostPath: /dev/zero
- name: "1"
  containerEdits:
    env:
    - B=2
EOF
  options=(--device vendor.com/other=1)
  run -0 start vendor.com/thing=one,vendor.com/other=0 sh -c 'echo "$A$B $SHARED"; head -c 2 /dev/pyxis/zero | wc -c; grep -c " /dev/null " /proc/self/mountinfo'
  assert_output $'12 yes\n2\n1'
}

@test "variables of devices win over the image's, and --env over these" {
  edits 'env: [PATH=/of/the/device:/bin, X=device]'
  options=(-e X=mine)
  run -0 start vendor.com/thing=one sh -c 'echo "$PATH $X"'
  assert_output "/of/the/device:/bin mine"
}

@test "mounts of the user come after a device's" {
  edits "mounts: [{hostPath: $lib, containerPath: /lib/v}]"
  as_user sh -c 'echo mine >"$1"' - "$TEST_HOME/seen"
  options=(-m "$TEST_HOME/seen:/lib/v")
  run -0 start vendor.com/thing=one cat /lib/v
  assert_output mine
}

@test "with ENROOT_RESTRICT_DEV a device is there that would not be" {
  edits 'deviceNodes: [{path: /dev/fuse}]'
  run -0 start ENROOT_RESTRICT_DEV=yes vendor.com/thing=one sh -c '[ -c /dev/fuse ] && [ -c /dev/null ] && ! [ -e /dev/mem ] && ! [ -e /dev/loop-control ]'
}

@test "what runtime directories have counts more than /etc" {
  edits 'env: [FROM=site]'
  sed 's/FROM=site/FROM=run/' "$site/thing.yaml" | spec "$run/thing.yaml"
  run -0 start vendor.com/thing=one sh -c 'echo "$FROM"'
  assert_output run
}

# --- what Slurm has allocated -----------------------------------------------------------------------------

gpus() {
  spec "$site/gpu.yaml" <<'EOF'
cdiVersion: 0.5.0
kind: vendor.com/gpu
devices:
- {name: "0", containerEdits: {env: [GPU_0=yes]}}
- {name: "1", containerEdits: {env: [GPU_1=yes]}}
- {name: "2", containerEdits: {env: [GPU_2=yes]}}
- {name: GPU-aa-1, containerEdits: {env: [GPU_UUID=yes]}}
- {name: all, containerEdits: {env: [GPU_0=yes, GPU_1=yes, GPU_2=yes]}}
EOF
}
# shellcheck disable=SC2016
show_gpus='echo "${GPU_0-}/${GPU_1-}/${GPU_2-}/${GPU_UUID-}"'

@test "VENDOR/gpu=slurm is the GPUs that Slurm has allocated" {
  gpus
  run -0 start SLURM_STEP_GPUS=1,2 CUDA_VISIBLE_DEVICES=0,1 vendor.com/gpu=slurm sh -c "$show_gpus"
  assert_output /yes/yes/
  run -0 start CUDA_VISIBLE_DEVICES=GPU-aa-1 vendor.com/gpu=slurm sh -c "$show_gpus"
  assert_output ///yes
  run -0 start vendor.com/gpu=all sh -c "$show_gpus"
  assert_output yes/yes/yes/
}

@test "VENDOR/gpu=slurm where each task is told of its own GPU: all, for the container is all tasks'" {
  gpus
  run -0 start SLURM_STEP_GPUS=1 SLURM_GPUS_ON_NODE=2 vendor.com/gpu=slurm sh -c "$show_gpus"
  assert_output yes/yes/yes/
  sed -i '/name: all/d' "$site/gpu.yaml"
  run -0 start SLURM_STEP_GPUS=1 SLURM_GPUS_ON_NODE=2 vendor.com/gpu=slurm sh -c "$show_gpus"
  assert_line --partial '[WARN] device vendor.com/gpu=slurm: Slurm gives each task GPUs of its own'
  assert_line /yes//
}

@test "VENDOR/gpu=slurm without a GPU, and with one that there is no device for, are errors" {
  gpus
  run start vendor.com/gpu=slurm true
  assert_only_error 'device vendor.com/gpu=slurm: Slurm has allocated no GPU here; ask for some, as in srun --gpus=1'
  run start SLURM_STEP_GPUS=7 vendor.com/gpu=slurm true
  assert_only_error "device vendor.com/gpu=7: no specification in $site and $run has it" \
    'there are: vendor.com/gpu=0, vendor.com/gpu=1, vendor.com/gpu=2, vendor.com/gpu=GPU-aa-1, vendor.com/gpu=all'
}

@test "a device that is really called slurm is that" {
  gpus
  sed -i 's/GPU-aa-1/slurm/' "$site/gpu.yaml"
  run -0 start SLURM_STEP_GPUS=1 vendor.com/gpu=slurm sh -c "$show_gpus"
  assert_output ///yes
}

@test "GPUs of NVIDIA's that a specification gives are not asked for a second time" {
  edits 'env: [DEVICE=yes]'
  sed -i 's,vendor.com/thing,nvidia.com/gpu,' "$site/thing.yaml"
  container=cuda
  run -0 start NVIDIA_VISIBLE_DEVICES=0 nvidia.com/gpu=one sh -c 'echo "$DEVICE"'
  assert_output yes
  # The image asks for them, and without a specification nvidia-container-cli is needed.
  run -0 pyxis start cuda true
  assert_output --partial 'nvidia-container-cli is not installed'
}

# --- hooks ------------------------------------------------------------------------------------------------

@test "hooks get state and bundle, run where all is mounted, with their own variables alone" {
  hook hook.py <<EOF
#!/usr/bin/python3
import json, os, sys
state = json.load(sys.stdin)
config = json.load(open(state["bundle"] + "/config.json"))
root = config["root"]["path"]
open("$TEST_HOME/seen", "a").write(" ".join([sys.argv[1], state["status"], state["id"], str(state["pid"] == os.getppid()),
    open(root + "/lib/v").read().strip(), ",".join(sorted(os.environ))]) + "\n")
os.symlink("v", root + "/lib/" + sys.argv[1])
EOF
  edits "mounts: [{hostPath: $lib, containerPath: /lib/v}], hooks: [{hookName: createContainer, path: $TEST_HOME/hook.py, args: [x, three]},
    {hookName: prestart, path: $TEST_HOME/hook.py, args: [x, one], env: [A=b, LC_ALL=C]}, {hookName: createRuntime, path: $TEST_HOME/hook.py, args: [x, two], timeout: 60}]"
  run -0 start HIDDEN=yes vendor.com/thing=one sh -c 'cat /lib/one; readlink /lib/two; readlink /lib/three'
  assert_output $'of the node\nv\nv'
  assert_equal "$(cut -d' ' -f1-7 "$TEST_HOME/seen")" $'one creating box True of the node\ntwo creating box True of the node\nthree creating box True of the node'
  assert_equal "$(sed -n 1p "$TEST_HOME/seen" | cut -d' ' -f8)" A,LC_ALL
  refute grep -q HIDDEN "$TEST_HOME/seen"
}

@test "hooks of startContainer are programs of the container" {
  edits 'hooks: [{hookName: startContainer, path: /bin/sh, args: [sh, -c, "/bin/cat >/tmp/state; /bin/echo inside: $A"], env: [A=b]}]'
  options=(-w)
  run -0 start vendor.com/thing=one sh -c 'grep -o "\"status\":\"created\"" /tmp/state; rm /tmp/state'
  assert_output $'[INFO] sh: inside: b\n"status":"created"'
}

@test "a hook that fails fails the start, with its name and what it said" {
  hook fails <<<$'#!/bin/sh\necho first >&2\necho "the last word" >&2\nexit 3'
  edits "hooks: [{hookName: createContainer, path: $TEST_HOME/fails}]"
  run start vendor.com/thing=one true
  assert_one_error "$site/thing.yaml: device 'one': hook createContainer $TEST_HOME/fails exited with status 3:" 'the last word'
  edits 'hooks: [{hookName: createContainer, path: /no/such/hook}]'
  run start vendor.com/thing=one true
  assert_only_error "device 'one'" 'execute /no/such/hook: No such file or directory'
}

@test "a hook that hangs is killed when its time is over" {
  hook hangs <<<$'#!/bin/sh\nsleep 1000 &\nexec sleep 1000'
  edits "hooks: [{hookName: createRuntime, path: $TEST_HOME/hangs, timeout: 1}]"
  run start vendor.com/thing=one true
  assert_only_error "hook createRuntime $TEST_HOME/hangs did not end within 1 s, and was killed, and printed nothing"
}

# --- groups -----------------------------------------------------------------------------------------------

@test "a group that the user is not in is a warning; one that he is in is none" {
  edits "additionalGids: [$(id -g "$PYXIS_TEST_USER"), 0]"
  run -0 start vendor.com/thing=one echo ran
  assert_output ran
  edits 'additionalGids: [4242]'
  run -0 start vendor.com/thing=one echo ran
  assert_line --partial '[WARN] a device asks for group 4242, which you are not in'
  assert_line ran
}

# --- what is refused --------------------------------------------------------------------------------------

@test "names that are none, and devices that there are not" {
  run start gpu true
  assert_only_error '--device: device "gpu": it has no '"'='" 'write VENDOR/CLASS=NAME'
  run start vendor.com/thing=one true
  assert_only_error "device vendor.com/thing=one: no specification in $site and $run has it" 'there is none at all'
}

@test "unknown fields, versions and options are named, with file and place" {
  local said
  while IFS='|' read -r said text; do
    edits "$text"
    run start vendor.com/thing=one true
    assert_only_error "$site/thing.yaml: devices[0].containerEdits$said"
  done <<EOF
: unknown field 'privileged'|privileged: true
.deviceNodes[0]: unknown field 'mode'|deviceNodes: [{path: /dev/x, mode: 7}]
.mounts[0].options has the unknown mount option 'x-detach'|mounts: [{hostPath: /a, containerPath: /b, options: [x-detach]}]
.hooks[0].hookName is 'sometimes'|hooks: [{hookName: sometimes, path: /bin/true}]
EOF
  edits 'env: [A=b]'
  sed -i 's/1.0.0/9.9.9/' "$site/thing.yaml"
  run start vendor.com/thing=one true
  assert_only_error "$site/thing.yaml: cdiVersion '9.9.9' is not known here; known are 0.3.0 to 1.1.0"
}

@test "what a user's container cannot have is named" {
  local what
  while IFS='|' read -r what text; do
    edits "$text"
    run start vendor.com/thing=one true
    assert_only_error "$site/thing.yaml: device 'one': $what: a container without privilege cannot have it"
  done <<'EOF'
intelRdt|intelRdt: {closID: x}
netDevices|netDevices: [{hostInterfaceName: eth0, name: net0}]
hook poststop|hooks: [{hookName: poststop, path: /bin/true}]
EOF
}

@test "a device in two files of one directory is a conflict that names both" {
  edits 'env: [A=b]'
  as_user cp "$site/thing.yaml" "$site/again.yaml"
  run start vendor.com/thing=one true
  assert_only_error "device vendor.com/thing=one is in two files: $site/again.yaml and $site/thing.yaml"
}

@test "a broken file harms only who asks for its kind" {
  edits 'env: [A=b]'
  spec "$site/broken.yaml" <<<$'cdiVersion: 1.0.0\nkind: vendor.com/broken\ndevices: 7'
  spec "$site/garbage.json" <<<'{'
  as_user ln -s /dev/null "$site/off.yaml"
  run -0 start vendor.com/thing=one sh -c 'echo $A'
  assert_output b
  run start vendor.com/broken=x true
  assert_only_error "$site/broken.yaml: devices is not a list"
  run start vendor.com/thing=two true
  assert_only_error 'there are: vendor.com/thing=one' "not read: $site/garbage.json: not JSON"
}

@test "specifications that others could have written count for nothing" {
  edits 'env: [A=b]'
  chmod 666 "$site/thing.yaml"
  run start vendor.com/thing=one true
  assert_only_error "no specification in $site" "$site/thing.yaml can be changed by other users"
  chmod 644 "$site/thing.yaml"
  chown nobody "$site/thing.yaml"
  run start vendor.com/thing=one true
  assert_only_error "$site/thing.yaml belongs to another user"
}

@test "what is not on the node is told before anything is done" {
  edits 'mounts: [{hostPath: /no/such/library.so, containerPath: /lib/x}]'
  run start vendor.com/thing=one true
  assert_only_error "$site/thing.yaml: device 'one': mount of /no/such/library.so: No such file or directory" 'write the specification anew'
  edits 'deviceNodes: [{path: /dev/no-such-device}]'
  run start vendor.com/thing=one true
  assert_only_error "device 'one': device node /dev/no-such-device: No such file or directory"
}

# --- hostile ones -----------------------------------------------------------------------------------------

@test "a device node that is no device, or another than is said, is refused" {
  edits "deviceNodes: [{path: /dev/x, hostPath: $lib}]"
  run start vendor.com/thing=one true
  assert_only_error "device 'one': device node /dev/x: $lib is no device"
  edits "deviceNodes: [{path: /dev/x, hostPath: /dev/null, type: b}]"
  run start vendor.com/thing=one true
  assert_only_error "/dev/null is a character device, not of type 'b'"
  edits "deviceNodes: [{path: /dev/x, hostPath: /dev/null, major: 1, minor: 5}]"
  run start vendor.com/thing=one true
  assert_only_error "/dev/null is device 1:3, not 1:5"
}

@test "paths with .. are refused" {
  local path
  for path in /../../etc/x /dev/../../x /lib/..; do
    edits "mounts: [{hostPath: $lib, containerPath: $path}]"
    run start vendor.com/thing=one true
    assert_only_error "mounts[0].containerPath has '..' in it: $path"
    edits "deviceNodes: [{path: $path, hostPath: /dev/null}]"
    run start vendor.com/thing=one true
    assert_only_error "deviceNodes[0].path has '..' in it: $path"
  done
}

@test "links of the image do not lead mounts and devices out of the root" {
  as_user mkdir "$TEST_HOME/outside"
  # shellcheck disable=SC2016
  pyxis start -w box sh -c 'ln -s "$1" /absolute && ln -s "../../../../../..$1" /relative && ln -s /etc/hosts /lib/file && ln -s /proc/self/root /way' - "$TEST_HOME/outside"
  local before
  before=$(sha256sum /etc/hosts)
  local way
  for way in absolute relative; do
    edits "mounts: [{hostPath: $lib, containerPath: /$way/lib}], deviceNodes: [{path: /$way/null, hostPath: /dev/null}]"
    # shellcheck disable=SC2016
    run -0 start vendor.com/thing=one sh -c 'cat "$1/lib"; stat -c %t:%T "$1/null"' - "$TEST_HOME/outside"
    assert_output $'of the node\n1:3'
    assert_equal "$(ls -A "$TEST_HOME/outside")" ""
  done
  edits "mounts: [{hostPath: $lib, containerPath: /lib/file}]"
  run -0 start vendor.com/thing=one true
  assert_equal "$(sha256sum /etc/hosts)" "$before"
  edits "mounts: [{hostPath: $lib, containerPath: /way/tmp/pyxis-escape}]"
  run start vendor.com/thing=one true
  assert_one_error "$site/thing.yaml: device 'one'"
  assert [ ! -e /tmp/pyxis-escape ]
  pyxis start -w box rm /absolute /relative /lib/file /way
}

@test "files that are too large, too deep, or no files" {
  head -c 1100000 /dev/zero | tr '\0' '#' | spec "$site/large.yaml"
  /usr/bin/python3 -c 'print("a: " + "[" * 40 + "]" * 40)' | spec "$site/deep.yaml"
  as_user mkfifo "$site/pipe.yaml"
  as_user mkdir "$site/directory.yaml"
  run start vendor.com/thing=one true
  assert_only_error "$site/large.yaml: read: File too large" "$site/deep.yaml: line 1: nested more than 32 deep" \
    "$site/pipe.yaml is not a regular file" "$site/directory.yaml is not a regular file"
}
