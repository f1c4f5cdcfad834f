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
  need_pmix
  run -0 --separate-stderr ring --mpi=pmix "$OUTSIDE/ring"
  assert_ring
  run -0 --separate-stderr ring --mpi=pmix --container-image="$IMAGE" ring
  assert_ring
}

@test "PMI2: OpenMPI does inside, over two nodes, what it does outside" {
  # Open MPI 5 has nothing for it any more, so that of a newer Debian does not outside.
  if [[ $(ompi_info --version) == *v4.* ]]; then
    run -0 --separate-stderr ring --mpi=pmi2 --export="ALL,FLUX_JOB_ID=1,FLUX_PMI_LIBRARY_PATH=$OUTSIDE/pmi1-over-pmi2.so" \
      "$OUTSIDE/ring"
    assert_ring
  fi
  run -0 --separate-stderr ring --mpi=pmi2 --export=ALL,FLUX_JOB_ID=1,FLUX_PMI_LIBRARY_PATH=/opt/mpi/pmi1-over-pmi2.so \
    --container-image="$IMAGE" ring
  assert_ring
}

@test "MPI in a named container, started again by a later step" {
  need_pmix
  run -0 --separate-stderr ring --container-image="$IMAGE" --container-name=mpi true
  run -0 --separate-stderr ring --mpi=pmix --container-name=mpi ring
  assert_ring
  run -0 --separate-stderr ring --mpi=pmix --container-name=mpi ring
  assert_ring
  forget_containers node1
  forget_containers node2
}

@test "PMIx: its directory and variables are there in a step that uses it, and only there" {
  need_pmix
  run -0 --separate-stderr step --mpi=pmix --container-image="$IMAGE" sh -c '
    echo "$PMIX_RANK $PMIX_MCA_psec=$PMIX_SECURITY_MODE $PMIX_MCA_gds=$PMIX_GDS_MODULE"
    [ -d "$PMIX_SERVER_TMPDIR" ] && echo "its directory"
    grep -c " ${PMIX_SERVER_TMPDIR%/} " /proc/self/mountinfo'
  assert_line --index 0 --regexp '^0 ([^ ]+)=\1 ([^ ]+)=\2$'
  assert_line --index 0 --regexp '.=.'
  assert_line --index 1 'its directory'
  assert_line --index 2 1
  run -0 --separate-stderr step --mpi=none --container-image="$IMAGE" sh -c 'env | grep PMI; grep pmix /proc/self/mountinfo; echo end'
  assert_output end
  assert_nothing_left
}

@test "PMIx: what the user has set for it stays" {
  need_pmix
  run -0 --separate-stderr step --mpi=pmix --export=ALL,PMIX_MCA_gds=hash --container-image="$IMAGE" sh -c 'echo "$PMIX_MCA_gds"'
  assert_output hash
}

# --- PyTorch ----------------------------------------------------------------------------------------------

rendezvous='echo "$RANK $LOCAL_RANK $WORLD_SIZE $MASTER_ADDR $MASTER_PORT ${OMP_NUM_THREADS-unset}"'

@test "PyTorch: each task gets its rank, and all the same rendezvous" {
  local port=$((ALICE_JOB % 4536 + 61000))
  run -0 --separate-stderr ring --container-image="$REGISTRY/asking:pytorch" sh -c "$rendezvous"
  assert_equal "$(sort <<<"$output")" "0 0 4 node1 $port 1
1 1 4 node1 $port 1
2 0 4 node1 $port 1
3 1 4 node1 $port 1"
  run -0 --separate-stderr step -w node2 --container-image="$REGISTRY/asking:pytorch" sh -c "$rendezvous"
  assert_output "0 0 1 node2 $port unset"
}

@test "PyTorch: what the job exports for the rendezvous stays, ranks do not" {
  run -0 --separate-stderr step -n2 --export=ALL,RANK=7,WORLD_SIZE=7,MASTER_ADDR=node1-ib,MASTER_PORT=29500,OMP_NUM_THREADS=4 \
    --container-image="$REGISTRY/asking:pytorch" sh -c "$rendezvous"
  assert_equal "$(sort <<<"$output")" '0 0 2 node1-ib 29500 4
1 1 2 node1-ib 29500 4'
}

@test "PyTorch: a step that joins a running container has a rendezvous of its own" {
  open_shell first step --container-image="$REGISTRY/asking:pytorch" --container-name=torch
  run tell first "$rendezvous"
  assert_output --regexp '^0 0 1 '
  run -0 --separate-stderr step -n3 --container-name=torch sh -c "$rendezvous"
  assert_equal "$(sort <<<"$output" | cut -d' ' -f1-3,6)" '0 0 3 1
1 1 3 1
2 2 3 1'
  close_shell first
  forget_containers
}

@test "PyTorch: images without it get nothing of that" {
  run -0 --separate-stderr step --export=ALL,PYTORCH_VERSION=1 --container-image="$REGISTRY/busybox" sh -c 'echo "${RANK-}${MASTER_PORT-}"'
  assert_output ''
}

@test "PyTorch: an image that does not say that it has it gets a rendezvous where the job says so by --container-env" {
  run -0 --separate-stderr step -n2 --export=ALL,PYTORCH_VERSION=2 --container-env=PYTORCH_VERSION --container-image="$REGISTRY/busybox" \
    sh -c "$rendezvous"
  assert_equal "$(sort <<<"$output" | cut -d' ' -f1-4)" '0 0 2 node1
1 1 2 node1'
}
