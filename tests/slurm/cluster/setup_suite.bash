# Once for all files: a directory that nodes and users share, and an allocation of both nodes for each user.

setup_suite() {
  # shellcheck source=tests/slurm/cluster/helpers.bash
  source "$BATS_TEST_DIRNAME/helpers.bash"
  "$repo/scripts/cluster" status >/dev/null || { echo "the cluster is not up: scripts/cluster up" >&2 && return 1; }
  SUITE=$(mktemp -d /var/tmp/pyxis-slurm.XXXXXX)
  chmod 1777 "$SUITE"
  ALICE_JOB=$(allocate alice -N2 -n128 -J tests)
  BOB_JOB=$(allocate bob -N2 -n128 -J tests)
  export SUITE ALICE_JOB BOB_JOB
  for node in node1 node2; do mounts_of_node "$node" >"$SUITE/mounts.$node"; done
}

teardown_suite() {
  # shellcheck source=tests/slurm/cluster/helpers.bash
  source "$BATS_TEST_DIRNAME/helpers.bash"
  controller scancel "$ALICE_JOB" "$BOB_JOB"
  rm -rf -- "$SUITE"
}
