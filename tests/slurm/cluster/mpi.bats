# MPI across the border of the container: Debian's OpenMPI, wired up by Slurm's PMIx and PMI2.

load helpers

setup_file() {
  load helpers
  export IMAGE=$REGISTRY/mpi OUTSIDE=$SUITE/mpi
  "$repo/tests/support/mpi/build" "$OUTSIDE"
  chmod -R a+rX "$OUTSIDE"
}

# Four tasks on two nodes.
ring() { # [OPTION...] PROGRAM
  step -N2 -n4 -w node1,node2 --ntasks-per-node=2 "$@"
}

assert_ring() {
  assert_equal "$(sort <<<"$output")" 'rank 0 of 4 on node1
rank 1 of 4 on node1
rank 2 of 4 on node2
rank 3 of 4 on node2
token 6'
}

@test "PMIx: OpenMPI does inside, over two nodes, what it does outside" {
  run -0 --separate-stderr ring --mpi=pmix "$OUTSIDE/ring"
  assert_ring
  run -0 --separate-stderr ring --mpi=pmix --container-image="$IMAGE" ring
  assert_ring
}

@test "PMI2: OpenMPI does inside, over two nodes, what it does outside" {
  run -0 --separate-stderr ring --mpi=pmi2 --export="ALL,FLUX_JOB_ID=1,FLUX_PMI_LIBRARY_PATH=$OUTSIDE/pmi1-over-pmi2.so" \
    "$OUTSIDE/ring"
  assert_ring
  run -0 --separate-stderr ring --mpi=pmi2 --export=ALL,FLUX_JOB_ID=1,FLUX_PMI_LIBRARY_PATH=/opt/mpi/pmi1-over-pmi2.so \
    --container-image="$IMAGE" ring
  assert_ring
}

@test "MPI in a named container, started again by a later step" {
  run -0 --separate-stderr ring --container-image="$IMAGE" --container-name=mpi true
  run -0 --separate-stderr ring --mpi=pmix --container-name=mpi ring
  assert_ring
  run -0 --separate-stderr ring --mpi=pmix --container-name=mpi ring
  assert_ring
  forget_containers node1
  forget_containers node2
}

@test "PMIx: its directory and variables are there in a step that uses it, and only there" {
  run -0 --separate-stderr step --mpi=pmix --container-image="$IMAGE" sh -c '
    echo "$PMIX_RANK $PMIX_MCA_psec=$PMIX_SECURITY_MODE $PMIX_MCA_gds=$PMIX_GDS_MODULE"
    [ -d "$PMIX_SERVER_TMPDIR" ] && [ -n "$(ls "$PMIX_SERVER_TMPDIR")" ] && echo "its directory"'
  assert_line --index 0 --regexp '^0 ([^ ]+)=\1 ([^ ]+)=\2$'
  assert_line --index 0 --regexp '.=.'
  assert_line --index 1 'its directory'
  run -0 --separate-stderr step --mpi=none --container-image="$IMAGE" sh -c 'env | grep PMI; grep pmix /proc/self/mountinfo; echo end'
  assert_output end
  assert_nothing_left
}

@test "PMIx: what the user has set for it stays" {
  run -0 --separate-stderr step --mpi=pmix --export=ALL,PMIX_MCA_gds=hash --container-image="$IMAGE" sh -c 'echo "$PMIX_MCA_gds"'
  assert_output hash
}
