# `pyxis doctor` on the nodes of a cluster that works.

load helpers

failures() {
  jq -r '.node as $node | .findings[] | select(.verdict == "fail") | [$node, .check, .fact] | @tsv' <<<"$output"
}

passed() { # CHECK: on so many nodes
  jq -r --arg check "$1" '.findings[] | select(.check == $check and .verdict == "pass") | .check' <<<"$output" | wc -l
}

@test "doctor: it finds nothing wrong with them: in a step of a user's, a line for each node, and as root" {
  # srun sends long lines in pieces, and those of two nodes get mixed up: a file for each.
  as alice srun -N2 --ntasks-per-node=1 --output="$SUITE/doctor.%N.json" pyxis doctor --json
  run -0 cat "$SUITE"/doctor.node1.json "$SUITE"/doctor.node2.json
  assert_equal "$(failures)" ""
  assert_equal "$(jq -r .node <<<"$output" | sort | xargs)" 'node1 node2'
  local check
  for check in 'user namespaces' FUSE "user's store: overlay" 'plugstack line' 'plugstack options' plugin "plugin's release" engine 'runtime directory of steps'; do
    assert_equal "$check: $(passed "$check")" "$check: 2"
  done
  run -0 --separate-stderr on node1 pyxis doctor --json
  assert_equal "$(failures)" ""
  assert_equal "$(passed 'user namespaces')" 1
}
