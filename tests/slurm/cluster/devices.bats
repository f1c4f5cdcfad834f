# Devices by the Container Device Interface in steps: --container-device, the site's default, and the GPUs that Slurm has
# allocated. A cluster of its own, whose node has two GPUs in Slurm's eyes.

load helpers

setup_file() {
  export IMAGE=$REGISTRY/busybox
  own_cluster_up devices --gpus 2
  on node1 mkdir -p /run/cdi
}
teardown_file() { own_cluster_down; }
teardown() { plugstack; }

setup() {
  on node1 sh -c 'cat >/run/cdi/vendor.yaml' <<'EOF'
cdiVersion: 0.5.0
kind: vendor.com/gpu
containerEdits:
  env: [VENDOR_DRIVER=7]
  mounts:
  - {hostPath: /etc/os-release, containerPath: /usr/lib/vendor/libvendor.so.1, options: [ro, nosuid, nodev, bind]}
devices:
- {name: "0", containerEdits: {env: [GPU_0=yes], deviceNodes: [{path: /dev/vendor0, hostPath: /dev/null}]}}
- {name: "1", containerEdits: {env: [GPU_1=yes], deviceNodes: [{path: /dev/vendor1, hostPath: /dev/zero}]}}
- {name: all, containerEdits: {env: [GPU_0=yes, GPU_1=yes]}}
EOF
}

# A step of a job of its own: what GPUs it has is the job's to say.
job_step() { # [OPTION...] COMMAND...
  as alice srun -N1 -n1 "$@"
}
# shellcheck disable=SC2016
show='echo "${GPU_0-}/${GPU_1-} ${VENDOR_DRIVER-}"'

@test "a device of a step: its node, its library and its variables, for all tasks" {
  run -0 --separate-stderr job_step -n2 --container-image="$IMAGE" --container-device=vendor.com/gpu=0 \
    sh -c "$show"'; stat -c %t:%T /dev/vendor0; cmp /usr/lib/vendor/libvendor.so.1 /usr/lib/vendor/libvendor.so.1 && echo there'
  assert_equal "$(sort <<<"$output")" "$(printf '%s\n' 1:3 1:3 there there 'yes/ 7' 'yes/ 7' | sort)"
  run ! on node1 test -e /dev/vendor0
}

@test "PYXIS_CONTAINER_DEVICE, and the command line wins" {
  run -0 --separate-stderr as alice env PYXIS_CONTAINER_DEVICE=vendor.com/gpu=1 srun -n1 --container-image="$IMAGE" sh -c "$show"
  assert_output '/yes 7'
  run -0 --separate-stderr as alice env PYXIS_CONTAINER_DEVICE=vendor.com/gpu=1 srun -n1 --container-device=vendor.com/gpu=0 \
    --container-image="$IMAGE" sh -c "$show"
  assert_output 'yes/ 7'
}

@test "an environment definition file asks for devices, and the command line wins" {
  as alice sh -c 'cat >"$0"' "$SUITE/gpu.toml" <<<"image = \"$IMAGE\""$'\ndevices = ["vendor.com/gpu=0", "vendor.com/gpu=1"]'
  run -0 --separate-stderr job_step --environment="$SUITE/gpu.toml" sh -c "$show"
  assert_output 'yes/yes 7'
  run -0 --separate-stderr job_step --environment="$SUITE/gpu.toml" --container-device=vendor.com/gpu=1 sh -c "$show"
  assert_output '/yes 7'
}

@test "VENDOR/gpu=slurm is what Slurm has allocated" {
  run -0 --separate-stderr job_step --gpus=2 --container-image="$IMAGE" --container-device=vendor.com/gpu=slurm sh -c "$show"
  assert_output 'yes/yes 7'
  run -0 --separate-stderr job_step --gpus=1 --container-image="$IMAGE" --container-device=vendor.com/gpu=slurm sh -c "$show"
  assert_output 'yes/ 7'
  run -0 --separate-stderr job_step -n2 --gpus=2 --gpus-per-task=1 --container-image="$IMAGE" --container-device=vendor.com/gpu=slurm \
    sh -c "$show"' $CUDA_VISIBLE_DEVICES'
  assert_equal "$(sort <<<"$output")" $'yes/yes 7 0\nyes/yes 7 1'
}

@test "VENDOR/gpu=slurm in a batch script, and in a step of one that has no GPU" {
  as alice sbatch --wait -N1 --gpus=2 -o "$SUITE/batch.out" --container-image="$IMAGE" --container-device=vendor.com/gpu=slurm --wrap "$show"
  run cat "$SUITE/batch.out"
  assert_line 'yes/yes 7'
  # The job's GPUs, of which its variables go on to tell, are not such a step's.
  as alice sbatch -N1 --gpus=2 -o "$SUITE/none.out" --wait \
    --wrap "srun --gres=none --container-image=$IMAGE --container-device=vendor.com/gpu=slurm echo ran" || true
  run cat "$SUITE/none.out"
  assert_line --partial 'device vendor.com/gpu=slurm: Slurm has allocated no GPU here'
  refute_line ran
}

@test "VENDOR/gpu=slurm in a job without GPUs fails the step, and says what to do" {
  run --separate-stderr job_step --container-image="$IMAGE" --container-device=vendor.com/gpu=slurm echo ran
  assert_failure
  refute_output ran
  assert_said_once 'device vendor.com/gpu=slurm: Slurm has allocated no GPU here; ask for some, as in srun --gpus=1'
}

@test "devices=vendor.com/gpu=slurm in plugstack.conf: GPUs for who has some, nothing for others, and users' own choice" {
  plugstack devices=vendor.com/gpu=slurm
  run -0 --separate-stderr job_step --gpus=1 --container-image="$IMAGE" sh -c "$show"
  assert_output 'yes/ 7'
  run -0 --separate-stderr job_step --container-image="$IMAGE" sh -c "$show"
  assert_output '/ '
  refute_said 'device'
  run -0 --separate-stderr job_step --gpus=1 --container-image="$IMAGE" --container-device=none sh -c "$show"
  assert_output '/ '
  run -0 --separate-stderr job_step --gpus=1 --container-image="$IMAGE" --container-device=vendor.com/gpu=1 sh -c "$show"
  assert_output '/yes 7'
  # Where it is asked for and there is no specification, that is told.
  on node1 rm /run/cdi/vendor.yaml
  run --separate-stderr job_step --gpus=1 --container-image="$IMAGE" true
  assert_failure
  assert_said_once 'device vendor.com/gpu=0: no specification in /etc/cdi and /var/run/cdi has it'
}

@test "an image for CUDA in a job without GPUs, where the site gives NVIDIA's by their specification" {
  plugstack devices=nvidia.com/gpu=slurm
  run -0 --separate-stderr job_step --container-image="$REGISTRY/asking:cuda" echo ran
  assert_output ran
  refute_said nvidia-container-cli
}

@test "what is no name of a device is refused before anything is submitted" {
  local before
  before=$(next_job)
  run --separate-stderr as alice srun --container-image="$IMAGE" --container-device=gpu0 true
  assert_failure
  assert_said '--container-device: device "gpu0"'
  assert_said 'write VENDOR/CLASS=NAME'
  assert_equal "$(next_job)" "$before"
}

@test "a container that is joined keeps its own devices, and a line says so" {
  open_shell first as alice srun -n1 --container-image="$IMAGE" --container-name=devices --container-device=vendor.com/gpu=0
  run -0 --separate-stderr as alice srun -n1 --container-name=devices --container-device=vendor.com/gpu=1 sh -c "$show"
  assert_output 'yes/ 7'
  assert_said_once 'pyxis: ignoring --container-device when attaching to a running container'
  close_shell first
  run -0 --separate-stderr as alice srun -n1 --container-name=devices --container-device=vendor.com/gpu=1 sh -c "$show"
  assert_output '/yes 7'
  as alice srun -n1 pyxis remove -f pyxis_devices
}

@test "with engine=enroot the option is refused" {
  plugstack engine=enroot
  run --separate-stderr as alice srun --container-image="$IMAGE" --container-device=vendor.com/gpu=0 true
  assert_failure
  assert_said '--container-device: this cluster'"'"'s containers are made by enroot, which knows no devices by CDI'
}
