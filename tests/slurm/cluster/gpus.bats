# GPUs in steps. These nodes have none, and no nvidia-container-cli: what is asked for shows in what is said.

load helpers

@test "an image that asks for all GPUs starts on a node without, and says so" {
  run -0 --separate-stderr step --container-image="$REGISTRY/asking:cuda" echo ran
  assert_output ran
  assert_said_once 'NVIDIA_VISIBLE_DEVICES=all: GPUs are asked for, and nvidia-container-cli is not installed on this node'
}

@test "--container-env lets the job decide about GPUs" {
  run -0 --separate-stderr step --export=ALL,NVIDIA_VISIBLE_DEVICES=void --container-env=NVIDIA_VISIBLE_DEVICES \
    --container-image="$REGISTRY/asking:cuda" sh -c 'echo "$NVIDIA_VISIBLE_DEVICES"'
  assert_output void
  refute_said nvidia-container-cli
}

@test "a GPU that is asked for by number and cannot be had fails the step" {
  run --separate-stderr step --export=ALL,NVIDIA_VISIBLE_DEVICES=0 --container-image="$REGISTRY/busybox" echo ran
  assert_failure
  refute_output ran
  assert_said_once 'NVIDIA_VISIBLE_DEVICES=0: GPUs are asked for, and nvidia-container-cli is not installed on this node'
  assert_nothing_left
}
