# For tests of packages, which run as root.

bats_load_library bats-support
bats_load_library bats-assert
bats_require_minimum_version 1.5.0

repo=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

# Runs a command in the root file system $ROOT.
in_root() { # COMMAND...
  unshare --mount --pid --fork --kill-child --propagation private "$repo/tests/packages/enter-root" "$ROOT" "$@"
}

# The smallest Debian 12 in which apt works, at $ROOT, with what enter-root calls there.
make_bare_root() {
  mmdebstrap --quiet --variant=apt --include=mount --dpkgopt=force-unsafe-io bookworm "$ROOT"
  in_root apt-get update -qq
}
