# Once for all files: which node the steps run on, and a directory that it sees, too.

setup_suite() {
  [[ -n ${SLURM_JOB_ID:-} ]] || { echo "not in an allocation: salloc --overcommit bats tests/slurm" >&2 && return 1; }
  NODE=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
  # Home directories are shared between nodes nearly everywhere.
  SUITE=$(mktemp -d "${PYXIS_TEST_DIR:-$HOME}/pyxis-slurm.XXXXXX")
  export NODE SUITE
  srun --overlap -N1 -n1 -w "$NODE" test -d "$SUITE" 3>&- || {
    echo "$NODE does not see $SUITE: name a directory that it sees in PYXIS_TEST_DIR" >&2
    return 1
  }
}

teardown_suite() {
  rm -rf -- "$SUITE"
}
