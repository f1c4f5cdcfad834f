# Named containers: what of them needs a look at the node, or several users.

load helpers

setup_file() {
  export IMAGE=$REGISTRY/busybox
  forget_containers
}

teardown() {
  forget_containers
}

# The mount and user namespace of a shell or of a step.
namespaces='readlink /proc/self/ns/mnt; readlink /proc/self/ns/user'

@test "a named container keeps what was changed, and needs no image the next time" {
  run -0 step --container-image="$IMAGE" --container-name=work sh -c 'echo kept >/kept; rm /bin/vi'
  assert_equal "$(containers)" pyxis_work
  mark_log anonymous
  run -0 --separate-stderr step --container-name=work sh -c 'cat /kept; ls /bin/vi 2>/dev/null || echo gone'
  assert_output $'kept\ngone'
  # An image given for a name that exists is ignored, and nothing is imported: this one could not be.
  run -0 --separate-stderr step --container-image="$REGISTRY/no/such" --container-name=work cat /kept
  assert_output kept
  refute_said importing
  assert_equal "$(new_requests anonymous)" ''
  assert_nothing_left
}

@test "a container is on its node only" {
  run -0 step --container-image="$IMAGE" --container-name=here true
  run --separate-stderr step -w node2 --container-name=here true
  assert_failure
  assert_said_once 'pyxis: no container named pyxis_here on this node'
  assert_nothing_left node2
}

@test "create demands a name that is new, exec one that runs" {
  run --separate-stderr step --container-image="$IMAGE" --container-name=new:exec true
  assert_failure
  assert_said_once 'pyxis: container pyxis_new is not running on this node'
  assert_equal "$(containers)" ''
  run -0 --separate-stderr step --container-image="$IMAGE" --container-name=new:create true
  run --separate-stderr step --container-image="$IMAGE" --container-name=new:create true
  assert_failure
  assert_said_once 'pyxis: container pyxis_new exists already'
  run --separate-stderr step --container-name=new:exec true
  assert_failure
  assert_said_once 'pyxis: container pyxis_new is not running on this node'
}

@test "a batch script that joins a container runs in it, also where its root is read-only" {
  local theirs
  open_shell first step --container-image="$IMAGE" --container-name=both --container-readonly
  theirs=$(tell first "$namespaces")
  printf '#!/bin/sh\necho "argument: $1"\n%s\necho x >>"$0" || echo read-only\n' "$namespaces" >"$SUITE/joins.sh"
  run -0 as alice sbatch -W -w node1 -o "$SUITE/joins.out" --container-name=both "$SUITE/joins.sh" 'an argument'
  run cat "$SUITE/joins.out"
  assert_line 'argument: an argument'
  assert_output --partial "$theirs"
  assert_line read-only
  close_shell first
  assert_nothing_left
}

@test "what PMIx needs comes into a container that is joined" {
  need_pmix
  # shellcheck disable=SC2016
  local show='[ -n "$PMIX_SERVER_TMPDIR" ] && [ -d "$PMIX_SERVER_TMPDIR" ] && echo there'
  open_shell first step --container-image="$IMAGE" --container-name=both
  run -0 --separate-stderr step -n2 --mpi=pmix --container-name=both sh -c "$show"
  assert_output $'there\nthere'
  close_shell first
}

@test "a container goes on for the steps that joined it when the first one ends" {
  local theirs
  open_shell first step --container-image="$IMAGE" --container-name=both
  open_shell second step --container-name=both
  theirs=$(tell first "$namespaces")
  close_shell first
  run tell second "touch /alive; $namespaces"
  assert_output "$theirs"
  open_shell third step --container-name=both:exec
  run tell third "ls /alive; $namespaces"
  assert_output /alive$'\n'"$theirs"
  close_shell second
  close_shell third
  assert_nothing_left
  run -0 --separate-stderr step --container-name=both ls /alive
  assert_output /alive
}

@test "an unnamed container that runs is joined by the number of its step, and is gone when both have ended" {
  local number theirs
  open_shell first step --container-image="$IMAGE"
  number=$(tell first 'echo $SLURM_JOB_ID.$SLURM_STEP_ID')
  theirs=$(tell first "$namespaces")
  assert_equal "$(containers)" "pyxis_$number"
  open_shell second step --container-name="$number"
  run tell second "$namespaces"
  assert_output "$theirs"
  close_shell first
  run -0 tell second 'ls /bin/sh'
  close_shell second
  assert_nothing_left
  assert_equal "$(containers)" ''
}

@test "two users have containers of the same name" {
  run -0 step --container-image="$IMAGE" --container-name=work touch /of-alice
  run -0 --separate-stderr step_of bob --container-image="$IMAGE" --container-name=work sh -c 'ls /of-alice 2>/dev/null || echo none of hers'
  assert_output 'none of hers'
  assert_equal "$(containers node1 bob)" pyxis_work
  forget_containers node1 bob
}

@test "many steps that start one new name at once make one container and are all in it" {
  local n pids=() before
  mark_log anonymous
  for n in {1..6}; do
    step --container-image="$IMAGE" --container-name=rush sh -c "$namespaces"';echo $$ >>/arrived; echo done' >"$BATS_TEST_TMPDIR/$n" 2>"$BATS_TEST_TMPDIR/$n.errors" 3>&- &
    pids+=($!)
  done
  for n in {1..6}; do ended "${pids[n - 1]}" || cat "$BATS_TEST_TMPDIR/$n.errors"; done
  for n in {1..6}; do assert_equal "$(tail -n 1 "$BATS_TEST_TMPDIR/$n")" done; done
  run -0 --separate-stderr step --container-name=rush sh -c 'wc -l </arrived'
  assert_output 6
  assert_nothing_left
}
