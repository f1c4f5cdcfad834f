# For tests of packages, which run as root.

bats_load_library bats-support
bats_load_library bats-assert
bats_require_minimum_version 1.5.0

repo=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

# Runs a command in the root file system $ROOT.
in_root() { # COMMAND...
  unshare --mount --pid --fork --kill-child --propagation private "$repo/scripts/lib/enter-root" "$ROOT" "$@"
}

# The smallest Debian 12 in which apt works, at $ROOT, with what enter-root calls there.
make_bare_root() {
  mmdebstrap --quiet --variant=apt --include=mount --dpkgopt=force-unsafe-io bookworm "$ROOT"
  in_root apt-get update -qq
}

# One node of a cluster that uses what is installed: alice imports an image and runs a command as root in it.
jobs_run() {
  # shellcheck disable=SC2016
  in_root bash -ec '
    /mnt/scripts/cluster up --nodes 1 --installed --plugstack-options "http_registries=$1"
    trap "/mnt/scripts/cluster down" EXIT
    /mnt/scripts/cluster run --user alice -- srun --container-image="$1/busybox" --container-remap-root sh -c "id -u; echo \$IMAGE_VARIABLE"
    ' - "$REGISTRY"
}
